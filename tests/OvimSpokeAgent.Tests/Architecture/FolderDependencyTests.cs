using OvimSpokeAgent.Agent;

namespace OvimSpokeAgent.Tests.Architecture;

/// <summary>Which folder of the agent uses which. A namespace is a folder.</summary>
public sealed class FolderDependencyTests
{
    private const string Root = "OvimSpokeAgent.";

    /// <summary>From the bottom to the top: a folder uses folders above its own row only.</summary>
    private static readonly (string Folder, string[] Uses)[] Table =
    [
        ("Validation", []),
        ("Configuration", ["Validation"]),
        ("Contract", ["Validation"]),
        ("Supervision", ["Validation"]),
        ("Logging", ["Configuration", "Supervision", "Validation"]),
        ("Networking", ["Configuration", "Validation"]),
        ("Tls", ["Configuration", "Supervision", "Validation"]),
        ("Cluster", ["Configuration", "Networking", "Supervision", "Validation"]),
        ("Events", ["Cluster", "Configuration", "Supervision"]),
        ("Leadership", ["Cluster", "Configuration", "Supervision"]),
        ("Operations", ["Cluster", "Configuration", "Contract", "Events", "Leadership", "Logging", "Supervision", "Validation"]),
        ("Hub", ["Configuration", "Contract", "Networking", "Operations", "Supervision", "Tls", "Validation"]),
        ("VirtualMachines", ["Cluster", "Configuration", "Contract", "Events", "Leadership", "Operations", "Supervision", "Validation"]),
        ("VirtualDataCenters",
        [
            "Cluster", "Configuration", "Contract", "Events", "Leadership", "Operations", "Supervision", "Validation",
            "VirtualMachines",
        ]),
        ("Capacity", ["Cluster", "Configuration", "Contract", "Leadership", "Operations", "Supervision", "Validation", "VirtualMachines"]),
        ("Templates", ["Capacity", "Cluster", "Configuration", "Contract", "Hub", "Leadership", "Operations", "Supervision", "Validation", "VirtualMachines"]),
        ("Health", ["Configuration", "Events", "Hub", "Logging", "Operations", "Supervision", "Validation"]),
        ("Metrics", ["Cluster", "Configuration", "Supervision"]),
        ("LocalApi",
        [
            "Capacity", "Cluster", "Configuration", "Contract", "Health", "Hub", "Leadership", "Logging", "Operations", "Supervision",
            "Templates", "Tls", "Validation", "VirtualDataCenters", "VirtualMachines",
        ]),
        ("Agent",
        [
            "Capacity", "Cluster", "Configuration", "Contract", "Events", "Health", "Hub", "Leadership", "LocalApi", "Logging", "Metrics", "Networking",
            "Operations", "Supervision", "Templates", "Tls", "Validation", "VirtualDataCenters", "VirtualMachines",
        ]),
    ];

    [Fact]
    public void Folders_use_what_the_table_says_all_of_it_and_nothing_else()
    {
        var found = CompiledDependencies.Of(typeof(AgentHost).Assembly.Location)
            .Select(use => (From: FolderOf(use.User), To: FolderOf(use.Used), Types: $"{use.User} uses {use.Used}"))
            .Where(arrow => arrow is { From: not null, To: not null } && arrow.From != arrow.To)
            .ToLookup(arrow => $"{arrow.From} -> {arrow.To}", arrow => arrow.Types);
        var expected = Table.SelectMany(row => row.Uses.Select(use => $"{row.Folder} -> {use}")).ToHashSet();

        string[] more = [.. found.Where(arrow => !expected.Contains(arrow.Key)).Select(arrow => $"{arrow.Key}: {arrow.First()}")];
        string[] fewer = [.. expected.Except(found.Select(arrow => arrow.Key))];
        Assert.Empty(more);
        Assert.Empty(fewer);
    }

    [Fact]
    public void Table_has_no_circle()
    {
        var rows = Table.Select(row => row.Folder).ToList();

        Assert.All(Table, row => Assert.All(row.Uses, use => Assert.InRange(rows.IndexOf(use), 0, rows.IndexOf(row.Folder) - 1)));
    }

    [Fact]
    public void Agent_stands_without_the_sandbox_and_the_tests() =>
        Assert.DoesNotContain(
            typeof(AgentHost).Assembly.GetReferencedAssemblies(),
            assembly => assembly.Name!.StartsWith(Root, StringComparison.Ordinal));

    // Program is in no folder, and uses only the top.
    private static string? FolderOf(string type) =>
        type.StartsWith(Root, StringComparison.Ordinal) && type[Root.Length..].Split('.') is { Length: > 1 } parts ? parts[0] : null;
}
