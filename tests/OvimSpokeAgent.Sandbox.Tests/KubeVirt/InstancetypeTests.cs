using System.Text.Json.Nodes;
using KubernetesSandbox;
using KubernetesSandbox.KubeVirt;

namespace OvimSpokeAgent.Sandbox.Tests.KubeVirt;

/// <summary>VMs keep the instancetype that they had first, as KubeVirt pins it.</summary>
[Collection(TestClusterCollection.Name)]
public sealed class InstancetypeTests
{
    private static readonly Kind Type = Kinds.Types["VirtualMachineInstancetype"];

    public static TheoryData<string> Clusters => TestCluster.AtHand;

    [Theory]
    [MemberData(nameof(Clusters))]
    public async Task A_VM_boots_from_the_revision_of_its_instancetype_that_was_pinned_first(string which)
    {
        await using var cluster = await TestCluster.StartAsync(which);
        await cluster.CreateAsync(Type, TestObjects.Parse("""
            {"apiVersion":"instancetype.kubevirt.io/v1beta1","kind":"VirtualMachineInstancetype","metadata":{"name":"medium"},
             "spec":{"cpu":{"guest":2},"memory":{"guest":"4Gi"} } }
            """));
        await cluster.CreateVmAsync("Halted", WithType);
        var vm = await cluster.UntilAsync(Kinds.Vm, "web", item => PinOf(item) is not null);
        var revision = await cluster.Api.GetAsync(Kinds.ControllerRevision.Path(cluster.Name(PinOf(vm)!)), default);

        await cluster.PatchSpecAsync(Type, "medium", """{"cpu":{"guest":16}}""");
        await cluster.DeleteAsync(Type, "medium");
        await cluster.PatchSpecAsync(Kinds.Vm, "web", """{"runStrategy":"Always"}""");

        var vmi = await cluster.UntilPhaseAsync("Running");
        Assert.Equal((2, "4Gi"), (vmi.Number("spec", "domain", "cpu", "sockets"), vmi.Text("spec", "domain", "memory", "guest")));
        Assert.Equal("medium", revision.Text("metadata", "labels", "instancetype.kubevirt.io/object-name"));
        Assert.Equal(vm.UidOf(), revision.OwnerOf(Kinds.Vm)?.Uid);
    }

    [Theory]
    [MemberData(nameof(Clusters))]
    public async Task A_VM_that_names_a_revision_that_is_not_there_does_not_boot(string which)
    {
        await using var cluster = await TestCluster.StartAsync(which);

        await cluster.CreateVmAsync("Always", WithType, vm => vm["spec"]!["instancetype"]!["revisionName"] = "none");

        var vm = await cluster.UntilAsync(
            Kinds.Vm, "web", item => Conditions.Has(item["status"], "Failure", true, "FailedFindInstancetype"));
        Assert.Contains("none", Conditions.Find(vm["status"], "Failure").Text("message"), StringComparison.Ordinal);
    }

    private static void WithType(JsonObject vm)
    {
        vm["spec"]!["instancetype"] = JsonNode.Parse("""{"kind":"VirtualMachineInstancetype","name":"medium"}""");
        var domain = vm["spec"]!["template"]!["spec"]!["domain"]!.AsObject();
        domain.Remove("cpu");
        domain.Remove("memory");
    }

    private static string? PinOf(JsonObject vm) => vm.Text("status", "instancetypeRef", "controllerRevisionRef", "name");
}
