using System.Xml.Linq;

namespace OvimSpokeAgent.Tests.Architecture;

/// <summary>Which project references which.</summary>
public sealed class ProjectReferenceTests
{
    private const string Library = "KubernetesSandbox";
    private const string Agent = "OvimSpokeAgent";
    private const string Sandbox = "OvimSpokeAgent.Sandbox";

    private static readonly Dictionary<string, string[]> Expected = new()
    {
        [Agent] = [],
        [Library] = [],
        [Sandbox] = [Library, Agent],
        ["OvimSpokeAgent.Tests"] = [Agent],
        ["OvimSpokeAgent.Sandbox.Tests"] = [Library, Sandbox],
        ["OvimSpokeAgent.EndToEnd.Tests"] = [Library, Agent, Sandbox],
        ["OvimSpokeAgent.Benchmarks"] = [Library, Agent, Sandbox],
    };

    [Fact]
    public void Projects_reference_what_the_table_says() => Assert.Equal(
        Expected.OrderBy(row => row.Key, StringComparer.Ordinal).Select(Describe),
        Projects().OrderBy(row => row.Key, StringComparer.Ordinal).Select(Describe));

    private static IEnumerable<KeyValuePair<string, string[]>> Projects() =>
        from folder in (string[])["src", "tests"]
        from project in Directory.GetFiles(Path.Combine(Repository.Root, folder), "*.csproj", SearchOption.AllDirectories)
        select KeyValuePair.Create(Path.GetFileNameWithoutExtension(project), ReferencesOf(project));

    private static string[] ReferencesOf(string project) =>
    [
        .. XDocument.Load(project).Descendants("ProjectReference")
            .Select(reference => Path.GetFileNameWithoutExtension((string)reference.Attribute("Include")!)),
    ];

    private static string Describe(KeyValuePair<string, string[]> row) =>
        $"{row.Key} -> {string.Join(", ", row.Value.Order(StringComparer.Ordinal))}";
}
