namespace OvimSpokeAgent.Configuration;

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
