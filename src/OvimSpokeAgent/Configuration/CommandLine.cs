using System.CommandLine;
using System.CommandLine.Invocation;

namespace OvimSpokeAgent.Configuration;

/// <summary>How the agent and the programs beside it read their command lines.</summary>
public static class CommandLine
{
    /// <summary>The command line is wrong (EX_USAGE of BSD's sysexits).</summary>
    public const int UsageError = 64;

    /// <summary>
    /// Runs the command that the arguments ask for until it is done or <paramref name="stop"/> is cancelled; <c>--help</c> and
    /// <c>--version</c> print and do nothing else. What the command throws comes out.
    /// </summary>
    /// <param name="program">The program's name, for its errors.</param>
    /// <param name="command">The command with all its options.</param>
    /// <param name="args">The arguments.</param>
    /// <param name="screen">Gets what the program prints.</param>
    /// <param name="errors">Gets what is wrong with the arguments.</param>
    /// <param name="stop">Ends it in order.</param>
    /// <returns>The command's exit code, or <see cref="UsageError"/>.</returns>
    public static Task<int> RunAsync(
        string program, RootCommand command, string[] args, TextWriter screen, TextWriter errors, CancellationToken stop)
    {
        // The option's own action knows only the process's first assembly, and shows its build metadata.
        command.Options.OfType<VersionOption>().Single().Action = new ShowVersion();
        var result = command.Parse(args);
        if (result.Errors.Count == 0)
        {
            // Signals are the caller's business: what was started wants to be stopped in order.
            var configuration = new InvocationConfiguration
            {
                Output = screen,
                Error = errors,
                ProcessTerminationTimeout = null,
                EnableDefaultExceptionHandler = false,
            };
            return result.InvokeAsync(configuration, stop);
        }
        foreach (var error in result.Errors) errors.WriteLine($"{program}: {error.Message}");
        errors.WriteLine($"{program}: --help shows the options");
        return Task.FromResult(UsageError);
    }

    private sealed class ShowVersion : SynchronousCommandLineAction
    {
        public override int Invoke(ParseResult parseResult)
        {
            parseResult.InvocationConfiguration.Output.WriteLine(AgentVersion.Current);
            return 0;
        }
    }
}
