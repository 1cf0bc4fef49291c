using System.Text.Json.Nodes;
using OvimSpokeAgent.EndToEnd.Tests.Harness;

namespace OvimSpokeAgent.EndToEnd.Tests.VirtualMachines;

/// <summary>Changing processors and memory of VMs that others made.</summary>
public sealed class ResizeTests(Clusters clusters) : IClassFixture<Clusters>
{
    private const string Guest =
        """{"architecture":"amd64","domain":{"devices":{},"cpu":{"sockets":1,"cores":1,"threads":1,"maxSockets":4},"memory":{"guest":"2Gi","maxGuest":"8Gi"}}}""";

    // virt-api refuses requests and guest memory beyond the limits.
    [Theory, OnSandbox, OnRealApiServer]
    public async Task Limits_move_along_with_cpu_and_memory(ClusterKind kind)
    {
        await using var environment = await clusters.OnAsync(kind);
        await HasAsync(environment, "limited", """
            {"devices":{},"cpu":{"cores":1,"sockets":1,"threads":1},"memory":{"guest":"1948Mi"},
            "resources":{"limits":{"cpu":"1","memory":"2Gi"},"requests":{"cpu":"62m","memory":"1365Mi"}}}
            """);
        var agent = await environment.StartAgentAsync();

        var status = await environment.CompletesAsync(agent, "update_vm", "limited", ("cpu", 2), ("memory", "4Gi"));

        Assert.Equal(("2", "4Gi"), ((string?)status["cpu"], (string?)status["memory"]));
        Assert.Equal(
            """{"limits":{"cpu":"2","memory":"4307Mi"},"requests":{"cpu":"124m","memory":"2871Mi"}}""",
            (await DomainAsync(environment, "limited"))["resources"]!.ToJsonString());
        await environment.CompletesAsync(agent, "update_vm", "limited", ("cpu", 1), ("memory", "1Gi"));
        await environment.CompletesAsync(agent, "start_vm", "limited");
        await environment.ReportsVmAsync(agent, "limited", "running");
    }

    [Theory, OnSandbox, OnRealApiServer]
    public async Task Overcommit_stays_its_owners_choice(ClusterKind kind)
    {
        await using var environment = await clusters.OnAsync(kind);
        await HasAsync(environment, "dense", """
            {"devices":{},"cpu":{"sockets":2,"cores":1},"memory":{"guest":"2Gi"},"resources":{"requests":{"cpu":"125m"}}}
            """);
        var agent = await environment.StartAgentAsync();

        await environment.CompletesAsync(agent, "update_vm", "dense", ("cpu", 4));

        var domain = await DomainAsync(environment, "dense");
        Assert.Equal((4, "250m"), ((int)domain["cpu"]!["sockets"]!, (string?)domain["resources"]!["requests"]!["cpu"]));
    }

    [Theory, OnSandbox, OnRealApiServer]
    public async Task Topology_is_set_anew_where_sockets_alone_do_not_give_the_cpus(ClusterKind kind)
    {
        await using var environment = await clusters.OnAsync(kind);
        await HasAsync(environment, "cored", """{"devices":{},"cpu":{"cores":4},"memory":{"guest":"4Gi"}}""");
        var agent = await environment.StartAgentAsync();

        foreach (var cpu in (int[])[2, 6])
        {
            await environment.CompletesAsync(agent, "update_vm", "cored", ("cpu", cpu));
            await environment.ReportsAsync(agent, report => report["vms"]!.AsArray().Any(vm => (string?)vm!["cpu"] == $"{cpu}"));
        }
    }

    [Theory]
    [InlineData("4Gi", "True", false)]
    [InlineData("4Gi", "False", true)]
    [InlineData("3000M", "True", true)]
    public async Task Running_vm_says_whether_more_memory_needs_a_restart(string memory, string isMigratable, bool isRequired)
    {
        await using var environment = await VmSituation.WithoutControllerAsync();
        var guest = VmSituation.Guest("Running");
        guest["memory"] = JsonNode.Parse("""{"guestAtBoot":"2Gi","guestCurrent":"2Gi","guestRequested":"2Gi"}""");
        await VmSituation.HasAsync(
            environment,
            VmSituation.Vm("web", "Always", """{"devices":{},"cpu":{"sockets":1},"memory":{"guest":"2Gi"}}"""),
            "Running",
            guest,
            Guest,
            VmSituation.Condition("LiveMigratable", null, null, isMigratable));
        var agent = await environment.StartAgentAsync();

        var status = await environment.CompletesAsync(agent, "update_vm", "web", ("memory", memory));

        Assert.Equal(isRequired, (bool)status["restart_required"]!);
    }

    private static async Task HasAsync(TestEnvironment environment, string name, string domain)
    {
        await environment.Cluster.Admin.CreateAsync(
            TestClusterExtensions.VmsOf(environment.Namespace), VmSituation.Vm(name, "Halted", domain));
    }

    private static async Task<JsonNode> DomainAsync(TestEnvironment environment, string vm) =>
        (await environment.Cluster.FindVmAsync(environment.Namespace, vm))!["spec"]!["template"]!["spec"]!["domain"]!;
}
