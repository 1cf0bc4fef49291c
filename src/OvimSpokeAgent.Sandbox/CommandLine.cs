using System.CommandLine;

namespace OvimSpokeAgent.Sandbox;

/// <summary>How the programs beside the agent read their command lines.</summary>
internal static class CommandLine
{
    /// <summary>The command line is wrong (EX_USAGE of BSD's sysexits).</summary>
    public const int UsageError = 64;

    /// <summary>Runs the command that the arguments ask for until it is done or <paramref name="stop"/> is cancelled.</summary>
    /// <param name="program">The program's name, for its errors.</param>
    /// <param name="command">The command with all its options.</param>
    /// <param name="args">The arguments.</param>
    /// <param name="screen">Gets what the program prints.</param>
    /// <param name="errors">Gets what is wrong.</param>
    /// <param name="stop">Ends it in order.</param>
    /// <returns>The command's exit code, or <see cref="UsageError"/>.</returns>
    public static Task<int> RunAsync(
        string program, RootCommand command, string[] args, TextWriter screen, TextWriter errors, CancellationToken stop)
    {
        var result = command.Parse(args);
        if (result.Errors.Count == 0)
        {
            // Signals are the caller's business: what was started wants to be stopped in order.
            return result.InvokeAsync(
                new InvocationConfiguration { Output = screen, Error = errors, ProcessTerminationTimeout = null }, stop);
        }
        foreach (var error in result.Errors) errors.WriteLine($"{program}: {error.Message}");
        errors.WriteLine($"{program}: --help shows the options");
        return Task.FromResult(UsageError);
    }

    /// <summary>An option with a whole number.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="word">What the help calls the number.</param>
    /// <param name="description">What it is for.</param>
    /// <param name="byDefault">The number without the option.</param>
    /// <param name="least">The least number that is taken.</param>
    /// <param name="most">The greatest number that is taken.</param>
    public static Option<int> Number(string name, string word, string description, int byDefault, int least, int most)
    {
        var option = new Option<int>(name) { HelpName = word, Description = description, DefaultValueFactory = _ => byDefault };
        option.Validators.Add(result =>
        {
            var text = result.Tokens.Count == 1 ? result.Tokens[0].Value : null;
            if (text is not null && (!int.TryParse(text, out var number) || number < least || number > most))
                result.AddError($"{name}: \"{text}\" is not valid, expected a whole number from {least} to {most}");
        });
        return option;
    }
}
