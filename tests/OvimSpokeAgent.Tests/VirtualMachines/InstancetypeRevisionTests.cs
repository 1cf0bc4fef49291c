using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using OvimSpokeAgent.VirtualMachines;

namespace OvimSpokeAgent.Tests.VirtualMachines;

/// <summary>What is read of ControllerRevisions, in all the forms that KubeVirt and others keep things in.</summary>
public sealed class InstancetypeRevisionTests
{
    private const string Size = """{"cpu":{"guest":2},"memory":{"guest":"4Gi"}}""";

    [Theory]
    [InlineData("v1beta1", "VirtualMachineInstancetype")]
    [InlineData("v1beta1", "VirtualMachineClusterInstancetype")]
    [InlineData("v1alpha2", "VirtualMachineInstancetype")]
    [InlineData("v1", "VirtualMachineClusterInstancetype")]
    public void Instancetype_of_any_version_gives_its_size_and_name(string version, string kind)
    {
        var data = $$"""{"apiVersion":"instancetype.kubevirt.io/{{version}}","kind":"{{kind}}","metadata":{"name":"medium"},"spec":{{Size}}}""";

        var item = Read(data)!;

        Assert.Equal((2L, 4L << 30, "medium"), (item.Size.Size.Vcpus, item.Size.Size.MemoryBytes, item.TypeName));
        Assert.Equal("labelled", Read(data, "labelled")!.TypeName);
    }

    [Fact]
    public void The_first_versions_kept_the_spec_as_bytes()
    {
        var item = Read($$"""{"apiVersion":"instancetype.kubevirt.io/v1alpha1","spec":"{{Base64(Size)}}"}""")!;

        Assert.Equal((2L, 4L << 30, null), (item.Size.Size.Vcpus, item.Size.Size.MemoryBytes, item.TypeName));
    }

    [Theory]
    [InlineData("""{"apiVersion":"instancetype.kubevirt.io/v1beta1","kind":"VirtualMachinePreference","metadata":{"name":"p"},"spec":{"cpu":{}}}""", "a preference")]
    [InlineData("""{"apiVersion":"instancetype.kubevirt.io/v1alpha1","spec":"eyJjcHUiOnsicHJlZmVycmVkQ1BVVG9wb2xvZ3kiOiJwcmVmZXJDb3JlcyJ9fQ=="}""", "a preference as bytes")]
    [InlineData("""{"spec":{"template":{"$patch":"replace","spec":{"containers":[]}}}}""", "a StatefulSet's")]
    [InlineData("""{"spec":{"runStrategy":"Always","cpu":{"guest":1},"template":{}}}""", "a VM's of its last start")]
    [InlineData("""{"kind":"VirtualMachineInstancetype"}""", "no spec")]
    [InlineData("""{"kind":"VirtualMachineInstancetype","spec":null}""", "null")]
    [InlineData("""{"kind":"VirtualMachineInstancetype","spec":{"cpu":"many"}}""", "another schema")]
    [InlineData("""{"kind":7,"spec":{}}""", "no kind")]
    [InlineData("""{"spec":"no base64"}""", "text")]
    [InlineData("""{"spec":"bm8gSlNPTg=="}""", "bytes that are no JSON")]
    [InlineData("[1]", "an array")]
    [InlineData("null", "null")]
    public void Revision_of_anything_else_is_not_kept(string data, string what) => Assert.True(Read(data) is null, what);

    [Theory]
    [InlineData("""{"cpu":{"guest":-4},"memory":{"guest":"-900Gi"}}""", 1, 0)]
    [InlineData("""{"cpu":{"guest":9223372036854775807},"memory":{"guest":"900Pi"}}""", SizeReader.MaxVcpus, 900L << 50)]
    [InlineData("{}", 1, 0)]
    public void Absurd_sizes_are_bounded(string spec, long vcpus, long memory)
    {
        var item = Read($$"""{"kind":"VirtualMachineInstancetype","spec":{{spec}}}""")!;

        Assert.Equal((vcpus, memory), (item.Size.Size.Vcpus, item.Size.Size.MemoryBytes));
    }

    [Fact]
    public void What_makes_pods_larger_is_kept()
    {
        var item = Read("""{"kind":"VirtualMachineInstancetype","spec":{"cpu":{"guest":2,"dedicatedCPUPlacement":true},"gpus":[{"name":"a"}]}}""")!;

        Assert.Equal((true, true), (item.Size.HasDedicatedCpus, item.Size.HasHostDevices));
    }

    private static InstancetypeRevisionItem? Read(string data, string? label = null) => InstancetypeRevisionItem.From(JsonSerializer.Deserialize(
        Instancetype.Revision("acme", "rev", JsonNode.Parse(data), label).ToJsonString(), KubeVirtJson.Default.ControllerRevisionObject)!);

    private static string Base64(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));
}
