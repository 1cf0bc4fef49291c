using System.Text.RegularExpressions;

namespace OvimSpokeAgent.Tests.Architecture;

/// <summary>What xUnit 2 does not do for a class of tests, so that none relies on it.</summary>
public sealed partial class TestClassTests
{
    [Fact]
    public void No_class_of_tests_counts_on_a_disposal_that_does_not_happen()
    {
        var sources = Directory.GetFiles(Path.Combine(Repository.Root, "tests"), "*Tests.cs", SearchOption.AllDirectories);
        Assert.True(sources.Length > 100);

        // It calls IDisposable and IAsyncLifetime, and passes over IAsyncDisposable.
        var forgotten = sources.SelectMany(path => Declaration().Matches(File.ReadAllText(path)))
            .Where(found => found.Groups["bases"].Value is var bases
                && bases.Contains("IAsyncDisposable", StringComparison.Ordinal) && !bases.Contains("IAsyncLifetime", StringComparison.Ordinal))
            .Select(found => found.Groups["name"].Value);

        Assert.Empty(forgotten);
    }

    [GeneratedRegex(@"^public (?:sealed |abstract |partial )*class (?<name>\w+)[^\n{]*? : (?<bases>[^\n{]+)", RegexOptions.Multiline)]
    private static partial Regex Declaration();
}
