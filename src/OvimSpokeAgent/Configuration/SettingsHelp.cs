using System.Text;

namespace OvimSpokeAgent.Configuration;

/// <summary>The table of settings as <c>--help</c> shows it.</summary>
internal static class SettingsHelp
{
    public static string Text()
    {
        var text = new StringBuilder("Settings are environment variables; in brackets what holds without them:\n");
        foreach (var setting in SettingsTable.All)
        {
            text.Append(null, $"  {string.Join(", ", setting.Aliases.Prepend(setting.Name))}");
            if ((setting.DefaultNote ?? setting.Default) is { } value) text.Append(null, $" [{Plain(value)}]");
            text.Append(null, $"\n      {Plain(setting.Description)}\n");
        }
        return text.ToString();
    }

    /// <summary>Without the marks of the documented table.</summary>
    public static string Plain(string markdown) =>
        markdown.Replace("**", "", StringComparison.Ordinal).Replace("`", "", StringComparison.Ordinal);
}
