namespace OvimSpokeAgent.Configuration;

/// <summary>The configuration cannot be used; the message names every error.</summary>
public sealed class ConfigurationException(IReadOnlyList<string> errors, IReadOnlyList<string> warnings)
    : Exception(SettingsLoader.Render(errors, warnings))
{
    /// <summary>One line an error: the variable, its value, what was expected.</summary>
    public IReadOnlyList<string> Errors { get; } = errors;
}
