using System.Text.Json.Nodes;
using static OvimSpokeAgent.Tests.VirtualMachines.Updates;

namespace OvimSpokeAgent.Tests.VirtualMachines;

/// <summary>What of <c>update_vm</c> a guest takes as it runs.</summary>
public sealed class LiveUpdateTests
{
    // The guest has 2 vCPUs and 4 GiB; with a maximum of 8 sockets and 16 GiB where it can take more as it runs.
    [Theory]
    [InlineData(true, """,{"cpu":4}""", false, "2")]
    [InlineData(true, """,{"cpu":8}""", false, "2")]
    [InlineData(true, """,{"cpu":9}""", true, "9")]
    [InlineData(true, """,{"cpu":1}""", true, "1")]
    [InlineData(false, """,{"cpu":4}""", true, "4")]
    [InlineData(true, """,{"memory":16}""", false, "2")]
    [InlineData(true, """,{"memory":17}""", true, "2")]
    [InlineData(true, """,{"memory":"1Gi"}""", true, "2")]
    [InlineData(false, """,{"memory":8}""", true, "2")]
    [InlineData(true, """,{"cpu":2,"memory":"4Gi"}""", false, "2")]
    [InlineData(true, """,{"labels":{"a":"b"}}""", false, "2")]
    public async Task Running_guest_takes_at_once_what_it_can_and_else_needs_a_restart(
        bool hasMaximum, string change, bool restart, string request)
    {
        await using var world = await VmWorld.OpenAsync();
        HasVm(world, "Always");
        HasGuest(world, hasMaximum);

        var status = (await RunAsync(world, change)).VmStatus();

        Assert.Equal(restart, status.RestartRequired);
        Assert.Equal(request, (string?)JsonNode.Parse(Domain(world))!["resources"]!["requests"]!["cpu"]);
    }

    // What KubeVirt does not change of a guest that runs. It has 2 vCPUs and 4 GiB.
    [Theory]
    [InlineData("""{"status":{"conditions":[{"type":"LiveMigratable","status":"False"}]}}""", "{}", "memory", true)]
    [InlineData("""{"status":{"conditions":[{"type":"LiveMigratable","status":"False"}]}}""", "{}", "cpu", true)]
    [InlineData("""{"status":{"conditions":[]}}""", "{}", "memory", true)]
    [InlineData("{}", """{"resources":{"requests":{"memory":"4Gi"}}}""", "memory", true)]
    [InlineData("{}", """{"resources":{"limits":{"memory":"5Gi"}}}""", "memory", true)]
    [InlineData("{}", """{"resources":{"limits":{"memory":"5Gi"}}}""", "cpu", false)]
    [InlineData("{}", """{"resources":{"limits":{"cpu":"2"}}}""", "cpu", true)]
    [InlineData("{}", """{"resources":{"limits":{"cpu":"2"}}}""", "memory", false)]
    [InlineData("{}", """{"devices":{"networkInterfaceMultiqueue":true}}""", "cpu", true)]
    [InlineData("{}", """{"devices":{"networkInterfaceMultiqueue":true}}""", "memory", false)]
    [InlineData("""{"spec":{"architecture":"s390x"}}""", "{}", "memory", true)]
    [InlineData("""{"spec":{"domain":{"launchSecurity":{"sev":{}}}}}""", "{}", "memory", true)]
    [InlineData("""{"spec":{"domain":{"cpu":{"realtime":{}}}}}""", "{}", "memory", true)]
    [InlineData("""{"spec":{"domain":{"cpu":{"numa":{"guestMappingPassthrough":{}}}}}}""", "{}", "memory", true)]
    [InlineData("""{"spec":{"domain":{"memory":{"hugepages":{"pageSize":"2Mi"}}}}}""", "{}", "memory", false)]
    [InlineData("""{"spec":{"domain":{"memory":{"hugepages":{"pageSize":"1Gi"}}}}}""", "{}", "memory", false)]
    [InlineData("""{"spec":{"domain":{"memory":{"hugepages":{"pageSize":"1Gi"}}}}}""", "{}", "\"4608Mi\"", true)]
    [InlineData("{}", "{}", "\"4608Mi\"", false)]
    [InlineData("{}", "{}", "\"4609Mi\"", true)]
    [InlineData("{}", "{}", "\"5000M\"", true)]
    [InlineData("""{"status":{"memory":{"guestAtBoot":"2Gi"}}}""", "{}", "\"2Gi\"", false)]
    [InlineData("""{"status":{"memory":{"guestAtBoot":"2Gi"}}}""", "{}", "\"2046Mi\"", true)]
    [InlineData("""{"status":{"memory":{"guestAtBoot":"512Mi"}}}""", "{}", "\"1022Mi\"", true)]
    public async Task What_kubevirt_does_not_change_of_a_running_guest_needs_a_restart(
        string guest, string domain, string change, bool restart)
    {
        await using var world = await VmWorld.OpenAsync();
        HasVm(world, "Always", vm => Merge(vm["spec"]!["template"]!["spec"]!["domain"]!.AsObject(), JsonNode.Parse(domain)!.AsObject()));
        HasGuest(world, true, vmi => Merge(vmi, JsonNode.Parse(guest)!.AsObject()));
        var execution = Of(world, change switch
        {
            "cpu" => """,{"cpu":4}""",
            "memory" => """,{"memory":8}""",
            _ => $$""",{"memory":{{change}}}""",
        });

        Assert.Equal(restart, (await execution.RunAsync()).VmStatus().RestartRequired);
        Assert.Equal(restart, (await execution.RunAsync()).VmStatus().RestartRequired);
    }

    [Fact]
    public async Task Kubevirts_own_word_that_a_restart_is_required_counts()
    {
        await using var world = await VmWorld.OpenAsync();
        HasVm(world, "Always", vm => vm["status"] = JsonNode.Parse("""{"conditions":[{"type":"RestartRequired","status":"True"}]}"""));

        Assert.True((await RunAsync(world, """,{"labels":{"a":"b"}}""")).VmStatus().RestartRequired);
    }

    // The change before it waits for a restart, with its request.
    [Fact]
    public async Task Change_that_is_taken_back_takes_its_request_back()
    {
        await using var world = await VmWorld.OpenAsync();
        HasVm(world, "Always");
        HasGuest(world, hasMaximum: true);

        Assert.True((await RunAsync(world, """,{"cpu":9}""")).VmStatus().RestartRequired);
        var status = (await VmWorld.Of(world.Update, """{"name":"web","namespace":"acme","cpu":2}""", "ovim-op-1").RunAsync()).VmStatus();

        Assert.False(status.RestartRequired);
        Assert.Equal("2", (string?)JsonNode.Parse(Domain(world))!["resources"]!["requests"]!["cpu"]);
    }
}
