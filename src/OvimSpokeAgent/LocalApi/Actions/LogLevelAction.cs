using System.Text.Json;
using OvimSpokeAgent.Configuration;
using OvimSpokeAgent.Logging;
using OvimSpokeAgent.Validation;

namespace OvimSpokeAgent.LocalApi;

/// <summary>Sets the log's level for a time: <c>{"level":"debug","minutes":15}</c>; without minutes a quarter of an hour.</summary>
internal static class LogLevelAction
{
    private const string Level = "level";
    private const string Minutes = "minutes";

    public static readonly IReadOnlyList<string> Fields = [Level, Minutes];

    private static readonly int MaxMinutes = (int)LogLevelControl.MaxDuration.TotalMinutes;

    public static ActionResult Run(JsonElement body, LogLevelControl control)
    {
        JsonText.TryGetProperty(body, Level, out var level);
        if (!JsonText.TryGetString(level, out var word) || !LogLevelNames.TryParse(word, out var parsed))
            return ActionResult.Invalid($"{Level}: {JsonText.Show(level)} is not valid, expected {SettingsTable.LogLevelName.Expected}");
        var duration = LogLevelControl.DefaultDuration;
        if (JsonText.TryGetProperty(body, Minutes, out var minutes))
        {
            if (minutes.ValueKind is not JsonValueKind.Number || !minutes.TryGetInt32(out var count) || count < 1 || count > MaxMinutes)
                return ActionResult.Invalid($"{Minutes}: {JsonText.Show(minutes)} is not valid, expected a whole number from 1 to {MaxMinutes}");
            duration = TimeSpan.FromMinutes(count);
        }
        control.Set(parsed, duration);
        return ActionResult.Done(control.ReturnsAt is { } until
            ? $"the log's level is {LogLevelNames.Of(control.Current)} until {until:u}, then {LogLevelNames.Of(control.Configured)} again"
            : $"the log's level is {LogLevelNames.Of(control.Current)}, as it is configured");
    }
}
