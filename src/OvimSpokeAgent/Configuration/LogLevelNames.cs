using System.Diagnostics.CodeAnalysis;

namespace OvimSpokeAgent.Configuration;

/// <summary>The words for log levels that <c>OVIM_LOG_LEVEL</c> and the local API take.</summary>
internal static class LogLevelNames
{
    private static readonly (string Name, LogLevel Level)[] Levels =
        [("debug", LogLevel.Debug), ("info", LogLevel.Information), ("warn", LogLevel.Warning), ("error", LogLevel.Error)];

    /// <summary>From the least severe on.</summary>
    public static IEnumerable<string> All => Levels.Select(one => one.Name);

    public static string Of(LogLevel level) =>
        Array.Find(Levels, one => one.Level == level).Name ?? level.ToString().ToLowerInvariant();

    public static bool TryParse([NotNullWhen(true)] string? name, out LogLevel level)
    {
        var found = Array.Find(Levels, one => one.Name.Equals(name, StringComparison.OrdinalIgnoreCase));
        level = found.Level;
        return found.Name is not null;
    }
}
