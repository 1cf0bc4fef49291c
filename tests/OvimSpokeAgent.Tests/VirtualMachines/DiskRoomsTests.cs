using System.Text.Json;
using System.Text.Json.Nodes;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Operations;
using OvimSpokeAgent.Tests.Cluster;
using OvimSpokeAgent.VirtualMachines;

namespace OvimSpokeAgent.Tests.VirtualMachines;

/// <summary>What CDI takes of the storage quota for new disks, by what the cluster says of itself.</summary>
public sealed class DiskRoomsTests
{
    private const string Import = """{"image_url":"https://example.com/x","storage":"94Gi"}""";
    private const string Blank = """{"image_url":"quay.io/disk:1","disks":[{"name":"data","size":"94Gi","blank":true}]}""";
    private const string Copy = """{"image_url":"pvc:fedora","storage":"94Gi"}""";
    private const string CopyOfAnother = """{"image_url":"pvc:golden/fedora","storage":"94Gi"}""";

    private readonly FakeKubernetesApi _cluster = new(TimeProvider.System);

    [Theory]
    [InlineData(Import, 200)] // the second claim, and the scratch space
    [InlineData(Blank, 100)]
    [InlineData(Copy, 100)]
    [InlineData(CopyOfAnother, 0)] // the second claim is in the other namespace
    public async Task Csi_driver_has_cdi_fill_a_second_claim(string fields, long filling)
    {
        HasClass("fast");
        HasDriver();

        Assert.Equal((100, filling), await OfAsync(fields));
    }

    [Theory]
    [InlineData(Import, 100)]
    [InlineData(Blank, 0)]
    [InlineData(Copy, 0)]
    public async Task Other_provisioners_have_none(string fields, long filling)
    {
        HasClass("fast");

        Assert.Equal((100, filling), await OfAsync(fields));
    }

    [Fact]
    public async Task Devices_have_no_file_system_and_the_access_mode_decides_which_it_is()
    {
        HasClass("fast");
        Has(KubeVirtKinds.StorageProfile, "fast", """
            {"status":{"claimPropertySets":[{"accessModes":["ReadWriteMany"],"volumeMode":"Block"},{"accessModes":["ReadWriteOnce"],"volumeMode":"Filesystem"}]}}
            """);

        Assert.Equal((94, 0), await OfAsync(Blank));
        Assert.Equal((100, 0), await OfAsync("""{"image_url":"quay.io/disk:1","disks":[{"name":"data","size":"94Gi","blank":true,"access_mode":"ReadWriteOnce"}]}"""));
    }

    [Theory]
    [InlineData("""{"global":"0.5"}""", 188)]
    [InlineData("""{"global":"0.5","storageClass":{"fast":"0"}}""", 94)]
    [InlineData("""{"global":"half"}""", 100)]
    [InlineData("""{"global":"1"}""", 100)]
    public async Task Overhead_is_cdis_own_where_it_says_one(string overhead, long bytes)
    {
        HasClass("fast");
        Has(KubeVirtKinds.CdiConfig, "config", $$"""{"status":{"filesystemOverhead":{{overhead}} } }""");

        Assert.Equal((bytes, 0), await OfAsync(Blank));
    }

    [Fact]
    public async Task Storage_class_that_is_named_wins_over_the_default_and_kubevirts_default_over_kubernetes()
    {
        HasClass("plain", "storageclass.kubernetes.io/is-default-class", "plain.csi");
        HasClass("fast", "storageclass.kubevirt.io/is-default-virt-class");
        HasDriver();

        Assert.Equal((100, 100), await OfAsync(Blank));
        Assert.Equal((100, 0), await OfAsync("""{"image_url":"quay.io/disk:1","disks":[{"name":"data","size":"94Gi","blank":true,"storage_class":"plain"}]}"""));
    }

    [Fact]
    public async Task What_the_agent_may_not_see_is_taken_for_the_most_that_it_may_be()
    {
        _cluster.Fault = _ => FakeKubernetesApi.Error(ApiErrorReason.Forbidden, "not for you");

        Assert.Equal((100, 200), await OfAsync(Import));
    }

    [Fact]
    public async Task Server_that_is_away_is_asked_again_by_the_operation()
    {
        _cluster.Fault = _ => FakeKubernetesApi.Error(ApiErrorReason.Unavailable, "away");

        await Assert.ThrowsAsync<KubernetesApiException>(() => OfAsync(Import));
    }

    [Fact]
    public async Task Vm_without_new_disks_asks_nothing()
    {
        Assert.Equal((0, 0), await OfAsync("""{"image_url":"quay.io/disk:1"}"""));

        Assert.Empty(_cluster.Requests);
    }

    [Theory]
    [InlineData("Provisioning", """{"http":{"url":"https://example.com/x"}}""", 10)]
    [InlineData("DataVolumeError", """{"registry":{"url":"docker://x"}}""", 10)]
    [InlineData("Provisioning", """{"blank":{}}""", 0)]
    [InlineData("Provisioning", "7", 0)]
    [InlineData("WaitingForVolumeBinding", """{"http":{}}""", 0)]
    [InlineData("Running", """{"http":{}}""", 0)]
    [InlineData(null, """{"http":{}}""", 10)]
    public void Vm_takes_scratch_space_as_long_as_its_disks_are_filled(string? printed, string source, long gib)
    {
        var vm = JsonNode.Parse(
            $$"""
            {"metadata":{"name":"web","namespace":"acme"},
             "spec":{"dataVolumeTemplates":[{"metadata":{"name":"d"},"spec":{"source":{{source}} ,"storage":{"resources":{"requests":{"storage":"10Gi"} } } } }] } }
            """)!;
        if (printed is not null) vm["status"] = JsonNode.Parse($$"""{"printableStatus":"{{printed}}","conditions":[{"type":"Ready","status":"False"}] }""");

        var item = VirtualMachineItem.From(vm.Deserialize(KubeVirtJson.Default.VirtualMachineObject)!, default);

        Assert.Equal((10L << 30, gib << 30), (item.Footprint.StorageBytes, item.Footprint.FillingBytes));
    }

    private async Task<(long, long)> OfAsync(string fields) => Of(await new DiskRooms(_cluster).OfAsync(RequestOf(fields), Limits.Token()), 1 << 30);

    private static (long, long) Of(DiskRoom room, long unit) => (room.Bytes / unit, room.FillingBytes / unit);

    private static VirtualMachineRequest RequestOf(string fields)
    {
        var payload = JsonNode.Parse(fields)!.AsObject();
        (payload["name"], payload["namespace"], payload["cpu"], payload["memory"]) = ("web", "acme", 1, 1);
        var reader = new PayloadReader(JsonElement.Parse(payload.ToJsonString()));
        var request = VirtualMachineRequest.Read(reader);
        Assert.Empty(reader.Errors);
        return request;
    }

    private void HasClass(string name, string mark = "storageclass.kubernetes.io/is-default-class", string provisioner = "fast.csi") => Has(
        KubernetesKinds.StorageClass, name, $$"""{"metadata":{"annotations":{"{{mark}}":"true"} },"provisioner":"{{provisioner}}" }""");

    private void HasDriver() => Has(KubernetesKinds.CsiDriver, "fast.csi", "{}");

    private void Has(ResourceKind kind, string name, string json)
    {
        var body = JsonNode.Parse(json)!.AsObject();
        var metadata = body["metadata"] as JsonObject ?? [];
        metadata["name"] = name;
        body["metadata"] = metadata.DeepClone();
        _cluster.Has(kind, body);
    }
}
