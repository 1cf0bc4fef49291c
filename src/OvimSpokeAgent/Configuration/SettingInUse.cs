using System.Text.Json.Serialization;
using OvimSpokeAgent.Validation;

namespace OvimSpokeAgent.Configuration;

/// <summary>Where a setting's value comes from.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<SettingSource>))]
internal enum SettingSource
{
    [JsonStringEnumMemberName("default")]
    Default,

    [JsonStringEnumMemberName("environment")]
    Environment,

    /// <summary>A file that a pod has: its service account's.</summary>
    [JsonStringEnumMemberName("file")]
    File,
}

/// <summary>A setting as people see it: never with what must not be shown.</summary>
internal sealed record SettingInUse
{
    private const int MaxLength = 1000;

    public required string Name { get; init; }

    /// <summary>The variable it was read from, which may be an alias; null: none.</summary>
    public string? Variable { get; init; }

    /// <summary>Null: it is not shown, or there is none.</summary>
    public string? Value { get; init; }

    /// <summary>There is a value, and it is not shown.</summary>
    public bool IsHidden { get; init; }

    public required SettingSource Source { get; init; }

    /// <summary>What holds without the variable where that is no fixed value.</summary>
    public string? Note { get; init; }

    public required string Description { get; init; }

    public static SettingInUse Of(Setting setting, string? text, SettingSource source) => new()
    {
        Name = setting.Name,
        Value = text is not null && setting.MayShow(text) ? JsonText.Shorten(text, MaxLength) : null,
        IsHidden = text is not null && !setting.MayShow(text),
        Source = source,
        Note = source is SettingSource.Default && setting.DefaultNote is { } note ? SettingsHelp.Plain(note) : null,
        Description = SettingsHelp.Plain(setting.Description),
    };
}
