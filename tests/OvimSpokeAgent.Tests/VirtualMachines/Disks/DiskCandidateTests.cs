using System.Text.Json;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.VirtualMachines;

namespace OvimSpokeAgent.Tests.VirtualMachines;

/// <summary>What is kept of a claim that its owner made as large as the API server lets anyone.</summary>
public sealed class DiskCandidateTests
{
    private static readonly ObjectMetadata Vm = new() { Name = "web", Namespace = "acme", Uid = "vm-uid" };

    [Fact]
    public void Claim_that_is_named_keeps_the_marks_that_the_agent_sets_and_nothing_else_of_its_annotations()
    {
        var annotations = Enumerable.Range(0, 3500).ToDictionary(i => $"ovim.io/{i:D60}", _ => "");
        annotations[WellKnownNames.CreatedByAnnotation] = new string('x', 10_000);

        var kept = Of(new() { Name = "data", Annotations = annotations }, isNamed: true);

        Assert.Equal([WellKnownNames.CreatedByAnnotation], kept!.Metadata.Annotations!.Keys);
        Assert.InRange(Size(kept), 0, 512);
    }

    [Theory]
    [InlineData(5000, 10)]
    [InlineData(1, 1_000_000)]
    public void Owners_that_are_too_many_or_too_long_are_a_problem_of_the_claim_and_are_not_kept(int count, int length)
    {
        var owners = Enumerable.Range(0, count).Select(_ => new OwnerReference { Kind = new string('k', length), Uid = Vm.Uid }).ToList();

        var kept = Of(new() { Name = "data", OwnerReferences = owners }, isNamed: false);

        Assert.NotNull(kept!.Problem);
        Assert.InRange(Size(kept), 0, 512);
    }

    [Theory]
    [InlineData("kubevirt.io/v1", "VirtualMachine")]
    [InlineData("cdi.kubevirt.io/v1beta1", "DataVolume")]
    public void Claim_that_is_another_ones_is_not_kept_at_all(string version, string kind) =>
        Assert.Null(Of(new() { Name = "data", OwnerReferences = [new() { ApiVersion = version, Kind = kind, Name = "other", Uid = "other-uid" }] }, isNamed: false));

    [Fact]
    public void Claim_that_an_owner_between_may_lead_to_the_vm_is_kept() => Assert.NotNull(Of(
        new() { Name = "data", OwnerReferences = [new() { ApiVersion = "snapshot.kubevirt.io/v1beta1", Kind = "VirtualMachineRestore", Name = "x", Uid = "y" }] }, isNamed: false));

    private static DiskCandidate? Of(ObjectMetadata claim, bool isNamed)
    {
        IReadOnlyList<VirtualMachineVolume?> volumes = isNamed ? [VirtualMachineVolume.Of("data", claim.Name, null)] : [];
        var vm = new VirtualMachineObject { Metadata = Vm, Spec = new() { Template = new() { Spec = new() { Volumes = volumes } } } };
        return DiskCandidate.Of(KubernetesKinds.PersistentVolumeClaim, claim, DiskUser.Of(vm, null));
    }

    private static int Size(DiskCandidate kept) =>
        JsonSerializer.SerializeToUtf8Bytes(new AnyObject { Metadata = kept.Metadata }, ClusterJson.Default.AnyObject).Length;
}
