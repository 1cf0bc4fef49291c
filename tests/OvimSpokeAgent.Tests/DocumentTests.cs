using System.Text.RegularExpressions;

namespace OvimSpokeAgent.Tests;

/// <summary>Links between the project's documents lead somewhere.</summary>
public sealed partial class DocumentTests
{
    [Fact]
    public void Links_lead_to_files_and_headings_that_exist()
    {
        var broken = from document in Documents()
                     from link in Link().Matches(File.ReadAllText(document)).Select(match => match.Groups[1].Value)
                     where !link.Contains("://", StringComparison.Ordinal) && !Exists(document, link)
                     select $"{Path.GetRelativePath(Repository.Root, document)}: {link}";

        Assert.Equal([], broken.ToArray());
    }

    private static string[] Documents() =>
    [
        .. Directory.GetFiles(Repository.Root, "*.md"),
        .. Directory.GetFiles(Path.Combine(Repository.Root, "docs"), "*.md", SearchOption.AllDirectories),
        .. Directory.GetDirectories(Path.Combine(Repository.Root, "src")).SelectMany(project => Directory.GetFiles(project, "*.md")),
    ];

    private static bool Exists(string document, string link)
    {
        var (file, heading) = link.Split('#') is [var path, var anchor] ? (path, anchor) : (link, null);
        var target = file.Length == 0 ? document : Path.Combine(Path.GetDirectoryName(document)!, file);
        return Path.Exists(target) && (heading is null || File.ReadLines(target).Any(line => AnchorOf(line) == heading));
    }

    // As forges make it of a heading.
    private static string? AnchorOf(string line) => line.StartsWith('#')
        ? NotInAnchors().Replace(line.TrimStart('#').Trim().ToLowerInvariant(), "").Replace(' ', '-')
        : null;

    [GeneratedRegex(@"\]\(([^)\s]+)\)")]
    private static partial Regex Link();

    [GeneratedRegex(@"[^\w\- ]")]
    private static partial Regex NotInAnchors();
}
