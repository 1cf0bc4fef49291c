using System.Diagnostics.CodeAnalysis;

namespace OvimSpokeAgent.LocalApi;

/// <summary>The words for log levels, as the setting has them.</summary>
internal static class LogLevelNames
{
    private static readonly (string Name, LogLevel Level)[] Levels =
        [("debug", LogLevel.Debug), ("info", LogLevel.Information), ("warn", LogLevel.Warning), ("error", LogLevel.Error)];

    public const string Expected = "one of debug, info, warn, error";

    public static string Of(LogLevel level) =>
        Array.Find(Levels, one => one.Level == level).Name ?? level.ToString().ToLowerInvariant();

    public static bool TryParse([NotNullWhen(true)] string? name, out LogLevel level)
    {
        var found = Array.Find(Levels, one => one.Name.Equals(name, StringComparison.OrdinalIgnoreCase));
        level = found.Level;
        return found.Name is not null;
    }
}
