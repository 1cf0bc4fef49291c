using System.Text.Json;
using OvimSpokeAgent.VirtualMachines;

namespace OvimSpokeAgent.Tests.VirtualMachines;

public sealed class KubeVirtObjectsTests
{
    [Theory]
    [InlineData("""{"runStrategy":"Manual"}""", "Manual")]
    [InlineData("""{"running":true}""", "Always")]
    [InlineData("""{"running":false}""", "Halted")]
    [InlineData("{}", "Halted")]
    public void Strategy_is_said_by_either_field(string spec, string strategy) =>
        Assert.Equal(strategy, Item($$$"""{"spec":{{{spec}}}}""").Strategy);

    [Theory]
    [InlineData("""{"cpu":{"sockets":2,"cores":3,"threads":2}}""", "12")]
    [InlineData("""{"cpu":{"cores":4}}""", "4")]
    [InlineData("""{"cpu":{"model":"host-model"},"resources":{"requests":{"cpu":"500m"}}}""", "1")]
    [InlineData("""{"resources":{"limits":{"cpu":"2500m"},"requests":{"cpu":1}}}""", "3")]
    [InlineData("""{"resources":{"requests":{"cpu":2}}}""", "2")]
    [InlineData("""{"resources":{"requests":{"memory":"1Gi"}}}""", "1")]
    [InlineData("{}", "1")]
    public void Cpu_is_the_topology_or_the_limit_or_the_request_or_1_and_counts_so(string domain, string cpu)
    {
        var item = WithDomain(domain);

        Assert.Equal(cpu, item.Size!.VcpusText);
        Assert.Equal(item.Size.Vcpus, item.Footprint.Vcpus);
    }

    [Theory]
    [InlineData("""{"memory":{"guest":"2Gi"},"resources":{"requests":{"memory":"3Gi"}}}""", "2Gi")]
    [InlineData("""{"memory":{"guest":1073741824}}""", "1073741824")]
    [InlineData("""{"memory":{"hugepages":{"pageSize":"2Mi"}},"resources":{"requests":{"memory":"3Gi"}}}""", "3Gi")]
    [InlineData("""{"resources":{"limits":{"memory":"4Gi"},"requests":{"memory":"3Gi"}}}""", "3Gi")]
    [InlineData("""{"resources":{"limits":{"memory":"4Gi"}}}""", "4Gi")]
    [InlineData("{}", null)]
    public void Memory_is_the_guests_or_the_request_or_the_limit_and_counts_so(string domain, string? memory)
    {
        var item = WithDomain(domain);

        Assert.Equal(memory, item.Size!.Memory?.Text);
        Assert.Equal(item.Size.MemoryBytes, item.Footprint.MemoryBytes);
    }

    [Fact]
    public void Vm_with_an_instancetype_has_no_size_of_its_own()
    {
        var item = Item("""{"spec":{"instancetype":{"name":"large"},"template":{"spec":{"domain":{"cpu":{"cores":3}}}}}}""");

        Assert.Null(item.Size);
        Assert.Equal(0, item.Footprint.Vcpus);
    }

    [Theory]
    [InlineData("[]", null)]
    [InlineData("""[{"spec":{"storage":{"resources":{"requests":{"storage":"20Gi"}}}}}]""", "20Gi")]
    [InlineData("""[{"spec":{"pvc":{"resources":{"requests":{"storage":"512Mi"}}}}},{"spec":{"storage":{"resources":{"requests":{"storage":"1536Mi"}}}}}]""", "2Gi")]
    [InlineData("""[{"spec":{"storage":{"resources":{"requests":{"storage":1000}}}}},{"spec":{"pvc":{"resources":{"requests":{"storage":"1k"}}}}}]""", "2000")]
    [InlineData("""[{"spec":{"storage":{}}},{"spec":{}},{}]""", null)]
    public void Storage_is_the_sum_of_the_disks_made_with_the_vm(string templates, string? storage) =>
        Assert.Equal(storage, Item($$$"""{"spec":{"dataVolumeTemplates":{{{templates}}}}}""").Storage);

    [Theory]
    [InlineData("""[{"name":"a"},{"name":"b","ipAddress":"10.0.0.2","ipAddresses":["10.0.0.2","fd00::2"]}]""", "10.0.0.2")]
    [InlineData("""[{"name":"a","ipAddress":""},{"name":"b","ipAddresses":["fd00::2"]}]""", "fd00::2")]
    [InlineData("[]", null)]
    [InlineData("null", null)]
    public void Address_is_the_first_that_an_interface_has(string interfaces, string? address) =>
        Assert.Equal(address, Guest($$$"""{"status":{"interfaces":{{{interfaces}}}}}""").IpAddress);

    [Theory]
    [InlineData("{}")]
    [InlineData("""{"metadata":{},"spec":null,"status":null}""")]
    [InlineData("""{"spec":{"template":null},"status":{"conditions":null,"stateChangeRequests":null,"startFailure":null}}""")]
    [InlineData("""{"spec":{"template":{"spec":{"domain":{"cpu":null,"memory":null,"resources":null}}}},"status":{"conditions":[]}}""")]
    public void Object_with_next_to_nothing_is_read(string vm)
    {
        Assert.Equal("", Item(vm).PrintableStatus);
        Assert.Equal("", Guest(vm).Phase);
    }

    [KubeVirtExamplesTheory]
    [InlineData("v1.8")]
    [InlineData("v1.9")]
    public void Vm_with_every_field_filled_is_read(string release)
    {
        var json = KubeVirtExamples.Read($"all-fields/{release}-VirtualMachine.json");

        var item = Item(json.GetRawText());

        Assert.Equal(json.GetProperty("metadata").GetProperty("name").GetString(), item.Name.Name);
        Assert.Equal(json.GetProperty("status").GetProperty("printableStatus").GetString(), item.PrintableStatus);
        Assert.NotNull(item.Footprint.Instancetype);
    }

    [KubeVirtExamplesTheory]
    [InlineData("v1.8")]
    [InlineData("v1.9")]
    public void Vmi_with_every_field_filled_is_read(string release)
    {
        var json = KubeVirtExamples.Read($"all-fields/{release}-VirtualMachineInstance.json");

        var item = Guest(json.GetRawText());

        Assert.Equal(json.GetProperty("status").GetProperty("phase").GetString(), item.Phase);
        Assert.Equal(json.GetProperty("status").GetProperty("nodeName").GetString(), item.NodeName);
        Assert.Null(item.IpAddress); // the text of the example is no address
    }

    private static VirtualMachineItem WithDomain(string domain) =>
        Item($$$$$"""{"spec":{"template":{"spec":{"domain":{{{{{domain}}}}}}}}}""");

    private static VirtualMachineItem Item(string json) =>
        VirtualMachineItem.From(JsonSerializer.Deserialize(json, KubeVirtJson.Default.VirtualMachineObject)!, default);

    private static VirtualMachineInstanceItem Guest(string json) => VirtualMachineInstanceItem.From(
        JsonSerializer.Deserialize(json, KubeVirtJson.Default.VirtualMachineInstanceObject)!, default);
}
