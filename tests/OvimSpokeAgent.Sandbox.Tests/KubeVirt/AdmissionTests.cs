using KubernetesSandbox.KubeVirt;

namespace OvimSpokeAgent.Sandbox.Tests.KubeVirt;

/// <summary>virt-api as a webhook: the API server asks it before it writes a VM.</summary>
[Collection(TestClusterCollection.Name)]
public sealed class AdmissionTests
{
    public static TheoryData<string> Clusters => TestCluster.AtHand;

    [Theory]
    [MemberData(nameof(Clusters))]
    public async Task A_VM_that_makes_no_sense_is_neither_made_nor_changed_into(string which)
    {
        await using var cluster = await StartAsync(which);

        var refused = await Assert.ThrowsAsync<RefusedException>(() => cluster.CreateVmAsync(changes: vm => vm["spec"]!["running"] = true));
        Assert.Equal((422, "Invalid"), (refused.Code, refused.Reason));
        Assert.Equal(
            "admission webhook \"virtualmachine-validator.kubevirt.io\" denied the request: Running and RunStrategy are mutually exclusive",
            refused.Message);
        Assert.Null(await cluster.Api.FindAsync(Kinds.Vm.Path(cluster.Name("web")), CancellationToken.None));

        await cluster.CreateVmAsync("Halted");
        refused = await Assert.ThrowsAsync<RefusedException>(() => cluster.PatchSpecAsync(
            Kinds.Vm, "web", """{"template":{"spec":{"domain":{"resources":{"limits":{"memory":"1Gi"}}}}}}"""));
        Assert.Contains("must be equal to or less than the memory limit", refused.Message, StringComparison.Ordinal);
        await cluster.PatchSpecAsync(Kinds.Vm, "web", """{"runStrategy":null,"running":true}""");
        await cluster.UntilPrintsAsync("Running");
    }

    [Theory]
    [MemberData(nameof(Clusters))]
    public async Task An_instancetype_that_does_not_exist_is_refused_but_not_held_against_a_VM_that_had_it(string which)
    {
        await using var cluster = await StartAsync(which);
        var type = Kinds.Types["VirtualMachineInstancetype"];
        void WithType(System.Text.Json.Nodes.JsonObject vm)
        {
            vm["spec"]!["instancetype"] = System.Text.Json.Nodes.JsonNode.Parse("""{"kind":"VirtualMachineInstancetype","name":"huge"}""");
            vm["spec"]!["template"]!["spec"]!["domain"]!.AsObject().Remove("cpu");
            vm["spec"]!["template"]!["spec"]!["domain"]!.AsObject().Remove("memory");
        }

        var refused = await Assert.ThrowsAsync<RefusedException>(() => cluster.CreateVmAsync("Halted", WithType));
        Assert.Contains("Failure to find instancetype", refused.Message, StringComparison.Ordinal);

        await cluster.CreateAsync(type, TestObjects.Parse("""
            {"apiVersion":"instancetype.kubevirt.io/v1beta1","kind":"VirtualMachineInstancetype","metadata":{"name":"huge"},
             "spec":{"cpu":{"guest":16},"memory":{"guest":"64Gi"} } }
            """));
        await cluster.CreateVmAsync("Halted", WithType);
        var made = await cluster.Api.GetAsync(type.Path(cluster.Name("huge")), CancellationToken.None);
        await cluster.Api.DeleteAsync(type, cluster.Name("huge"), made.UidOf(), CancellationToken.None);
        await cluster.Api.MergeAsync(
            Kinds.Vm, cluster.Name("web"), TestObjects.Parse("""{"metadata":{"labels":{"still":"changes"}}}"""), CancellationToken.None);
    }

    [Theory]
    [MemberData(nameof(Clusters))]
    public async Task Without_virt_api_nobody_is_asked(string which)
    {
        await using var cluster = await StartAsync(which);
        var configuration = new ObjectName("", "virt-api-validator");
        Assert.NotNull(await cluster.Api.FindAsync(Kinds.ValidatingWebhook.Path(configuration), CancellationToken.None));

        await cluster.KubeVirt.DisposeAsync();

        Assert.Null(await cluster.Api.FindAsync(Kinds.ValidatingWebhook.Path(configuration), CancellationToken.None));
    }

    private static Task<TestCluster> StartAsync(string which) =>
        TestCluster.StartAsync(which, options => options with { HasVirtApi = true });
}
