namespace OvimSpokeAgent.Configuration;

/// <summary>The configuration cannot be used; the message names every error.</summary>
public sealed class ConfigurationException(IReadOnlyList<string> errors, IReadOnlyList<string> warnings)
    : Exception(SettingsLoader.Render(errors, warnings))
{
    /// <summary>One line an error: the variable, its value, what was expected.</summary>
    public IReadOnlyList<string> Errors { get; } = errors;
}

/// <summary>Logs what is odd with the configuration but does not matter.</summary>
internal static partial class ConfigurationWarnings
{
    public static void Log(ILoggerFactory loggers, IReadOnlyList<string> warnings)
    {
        var logger = loggers.CreateLogger("OvimSpokeAgent.Configuration");
        foreach (var warning in warnings) LogWarning(logger, warning);
    }

    [LoggerMessage(6001, LogLevel.Warning, "Configuration: {Warning}")]
    private static partial void LogWarning(ILogger logger, string warning);
}
