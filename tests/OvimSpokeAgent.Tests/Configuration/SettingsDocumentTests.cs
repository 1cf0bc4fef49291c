using OvimSpokeAgent.Configuration;

namespace OvimSpokeAgent.Tests.Configuration;

/// <summary>The documented table of settings is the table in the code. <c>OVIM_UPDATE_SETTINGS=1</c> writes it anew.</summary>
public sealed class SettingsDocumentTests
{
    private const string Begin = "<!-- settings -->\n";
    private const string End = "<!-- /settings -->\n";

    [Fact]
    public void Documented_settings_are_those_of_the_table()
    {
        var path = Path.Combine(Repository.Root, "docs", "settings.md");
        var document = File.ReadAllText(path);
        var (begin, end) = (document.IndexOf(Begin, StringComparison.Ordinal) + Begin.Length, document.IndexOf(End, StringComparison.Ordinal));
        if (Environment.GetEnvironmentVariable("OVIM_UPDATE_SETTINGS") == "1")
            File.WriteAllText(path, document[..begin] + SettingsTable.RenderMarkdown() + document[end..]);

        Assert.Equal(SettingsTable.RenderMarkdown(), File.ReadAllText(path)[begin..].Split(End)[0]);
    }
}
