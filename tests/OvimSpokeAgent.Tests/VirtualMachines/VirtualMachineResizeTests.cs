using System.Text.Json.Nodes;
using OvimSpokeAgent.Cluster;
using static OvimSpokeAgent.Tests.VirtualMachines.Updates;

namespace OvimSpokeAgent.Tests.VirtualMachines;

/// <summary>What moves with processors and memory in <c>update_vm</c>.</summary>
public sealed class VirtualMachineResizeTests
{
    [Theory]
    [InlineData("""{"requests":{"cpu":"125m"}}""", """{"cpu":4}""", """{"requests":{"cpu":"250m"}}""")]
    [InlineData("""{"requests":{"cpu":"125m"}}""", """{"cpu":1}""", """{"requests":{"cpu":"63m"}}""")]
    [InlineData("""{"requests":{"cpu":"2"},"limits":{"cpu":"2"}}""", """{"cpu":3}""", """{"requests":{"cpu":"3"},"limits":{"cpu":"3"}}""")]
    [InlineData("""{"requests":{"cpu":1.5}}""", """{"cpu":8}""", """{"requests":{"cpu":"6"}}""")]
    [InlineData("""{"limits":{"cpu":"1"}}""", """{"cpu":3}""", """{"limits":{"cpu":"1500m"}}""")]
    [InlineData("""{"requests":{"memory":"4Gi"}}""", """{"memory":"6G"}""", """{"requests":{"memory":"6G"}}""")]
    [InlineData("""{"requests":{"memory":"3Gi"}}""", """{"memory":8}""", """{"requests":{"memory":"6Gi"}}""")]
    [InlineData("""{"limits":{"memory":"5Gi"}}""", """{"memory":8}""", """{"limits":{"memory":"10Gi"}}""")]
    [InlineData("""{"limits":{"memory":"5Gi"}}""", """{"memory":1}""", """{"limits":{"memory":"2Gi"}}""")]
    [InlineData("""{"requests":{"memory":"5Gi"},"limits":{"memory":"5Gi"}}""", """{"memory":1}""", """{"requests":{"memory":"2Gi"},"limits":{"memory":"2Gi"}}""")]
    [InlineData("""{"requests":{"memory":"1365Mi","cpu":"62m"},"limits":{"memory":"5Gi","cpu":"1"}}""", """{"cpu":4,"memory":8}""", """{"requests":{"memory":"2730Mi","cpu":"124m"},"limits":{"memory":"10Gi","cpu":"2"}}""")]
    [InlineData("""{"requests":{"memory":"1Gi","cpu":"1","vendor.example/card":"1"}}""", """{"labels":{"a":"b"}}""", """{"requests":{"memory":"1Gi","cpu":"1","vendor.example/card":"1"}}""")]
    [InlineData("""{"requests":{"memory":"512Pi"},"limits":{"memory":"512Pi","cpu":"1000000000"}}""", """{"cpu":512,"memory":"512Ti"}""", """{"requests":{"memory":"512Pi"},"limits":{"memory":"512Pi","cpu":"256000000000"}}""")]
    [InlineData("""{"requests":{"memory":"0","cpu":"-1"},"limits":{"cpu":"much"}}""", """{"cpu":4,"memory":8}""", """{"requests":{"memory":"0","cpu":"0"},"limits":{"cpu":"much"}}""")]
    public async Task Requests_and_limits_move_along_in_the_owners_proportions(string before, string change, string after)
    {
        await using var world = await VmWorld.OpenAsync();
        HasVm(world, "Halted", vm => vm["spec"]!["template"]!["spec"]!["domain"]!["resources"] = JsonNode.Parse(before));

        Assert.True((await RunAsync(world, "," + change)).IsCompleted);

        Assert.Equal(after, JsonNode.Parse(Domain(world))!["resources"]!.ToJsonString());
    }

    [Theory]
    [InlineData("""{"requests":{"cpu":"1"}}""", """{"requests":{"cpu":"4"}}""")]
    [InlineData("""{"requests":{"cpu":"1"},"limits":{"cpu":"1"}}""", """{"requests":{"cpu":"2"},"limits":{"cpu":"2"}}""")]
    [InlineData("{}", "{}")]
    public async Task Vm_that_the_agent_made_requests_by_its_setting_and_no_more_than_its_limit(string before, string after)
    {
        await using var world = await VmWorld.OpenAsync();
        HasVm(world, "Halted", vm =>
        {
            vm["metadata"]!["annotations"] = new JsonObject { [WellKnownNames.CreatedByAnnotation] = "ovim-op-00" };
            vm["spec"]!["template"]!["spec"]!["domain"]!["resources"] = JsonNode.Parse(before);
        });

        Assert.True((await RunAsync(world, """,{"cpu":4}""")).IsCompleted);
        Assert.Equal(after, JsonNode.Parse(Domain(world))!["resources"]!.ToJsonString());
        Assert.True((await VmWorld.RunAsync(world.Start)).IsCompleted);
        Assert.Equal(after, JsonNode.Parse(Domain(world))!["resources"]!.ToJsonString());
    }

    [Theory]
    [InlineData("""{"sockets":1,"cores":2,"threads":2}""", 8, """{"sockets":2,"cores":2,"threads":2}""")]
    [InlineData("""{"sockets":1,"cores":2,"threads":2}""", 6, """{"sockets":6,"cores":1,"threads":1}""")]
    [InlineData("""{"cores":4}""", 2, """{"cores":1,"sockets":2,"threads":1}""")]
    [InlineData("""{"cores":4}""", 8, """{"cores":4,"sockets":2}""")]
    [InlineData("""{"cores":4,"sockets":1,"maxSockets":2}""", 6, """{"cores":1,"sockets":6,"maxSockets":8,"threads":1}""")]
    [InlineData("""{"cores":4,"sockets":1,"maxSockets":1}""", 6, """{"cores":1,"sockets":6,"maxSockets":6,"threads":1}""")]
    [InlineData("""{"cores":0,"threads":-1}""", 3, """{"cores":0,"threads":-1,"sockets":3}""")]
    [InlineData("""{"cores":9223372036854775807,"threads":2}""", 2, """{"cores":1,"threads":1,"sockets":2}""")]
    public async Task Topology_is_set_anew_where_its_sockets_do_not_come_out(string before, int cpu, string after)
    {
        await using var world = await VmWorld.OpenAsync();
        HasVm(world, "Halted", vm => vm["spec"]!["template"]!["spec"]!["domain"]!["cpu"] = JsonNode.Parse(before));

        Assert.True((await RunAsync(world, $$""",{"cpu":{{cpu}}}""")).IsCompleted);

        Assert.Equal(after, JsonNode.Parse(Domain(world))!["cpu"]!.ToJsonString());
    }

    [Fact]
    public async Task Another_topology_is_for_the_next_boot()
    {
        await using var world = await VmWorld.OpenAsync();
        HasVm(world, "Always", vm => vm["spec"]!["template"]!["spec"]!["domain"]!["cpu"] = JsonNode.Parse("""{"sockets":1,"cores":2}"""));
        HasGuest(world, true, vmi => vmi["spec"]!["domain"]!["cpu"] = JsonNode.Parse("""{"sockets":1,"cores":2,"threads":1,"maxSockets":8}"""));

        Assert.True((await RunAsync(world, """,{"cpu":3}""")).VmStatus().RestartRequired);
    }
}
