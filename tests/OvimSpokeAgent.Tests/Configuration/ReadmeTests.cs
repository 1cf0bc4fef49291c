using OvimSpokeAgent.Configuration;

namespace OvimSpokeAgent.Tests.Configuration;

/// <summary>README's table of settings is the table in the code. <c>OVIM_UPDATE_README=1</c> writes it anew.</summary>
public sealed class ReadmeTests
{
    private const string Begin = "<!-- settings -->\n";
    private const string End = "<!-- /settings -->\n";

    [Fact]
    public void Settings_in_README_are_those_of_the_table()
    {
        var path = Path.Combine(Repository.Root, "README.md");
        var readme = File.ReadAllText(path);
        var (begin, end) = (readme.IndexOf(Begin, StringComparison.Ordinal) + Begin.Length, readme.IndexOf(End, StringComparison.Ordinal));
        if (Environment.GetEnvironmentVariable("OVIM_UPDATE_README") == "1")
            File.WriteAllText(path, readme[..begin] + SettingsTable.RenderMarkdown() + readme[end..]);

        Assert.Equal(SettingsTable.RenderMarkdown(), File.ReadAllText(path)[begin..].Split(End)[0]);
    }
}
