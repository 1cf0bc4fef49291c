using System.CommandLine;

namespace OvimSpokeAgent.Sandbox;

/// <summary>Options of the programs beside the agent.</summary>
internal static class CommandOptions
{
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
