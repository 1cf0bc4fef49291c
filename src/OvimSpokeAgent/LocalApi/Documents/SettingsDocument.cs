using OvimSpokeAgent.Configuration;

namespace OvimSpokeAgent.LocalApi;

/// <summary><c>/debug/settings</c>: every setting, its value and where that comes from; never a secret.</summary>
internal sealed record SettingsDocument(IReadOnlyList<SettingInUse> Settings, IReadOnlyList<string> Warnings);
