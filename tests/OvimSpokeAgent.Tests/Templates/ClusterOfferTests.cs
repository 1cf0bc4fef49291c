using System.Text.Json;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Templates;
using OvimSpokeAgent.VirtualMachines;

namespace OvimSpokeAgent.Tests.Templates;

public sealed class ClusterOfferTests
{
    private readonly TestTime _time = new();

    [Theory]
    [InlineData("""{"storage_class":"fast"}""", null)]
    [InlineData("""{"storage_class":"slow"}""", "storage_class: the cluster has no StorageClass \"slow\"")]
    [InlineData("""{"disks":[{"name":"a","storage_class":"slow"},{"storage_class":"fast"}]}""", "disks[0].storage_class: the cluster has no StorageClass \"slow\"")]
    [InlineData("""{"network_name":"lan"}""", null)]
    [InlineData("""{"network_name":"default","networks":["pod"]}""", null)]
    [InlineData("""{"network_name":"dmz"}""", "network_name: no namespace has a NetworkAttachmentDefinition \"dmz\"")]
    [InlineData("""{"networks":["pod","acme/lan","other/lan"]}""", "networks: there is no NetworkAttachmentDefinition \"lan\" in namespace \"other\"")]
    [InlineData("""{"instancetype":"u1"}""", null)]
    [InlineData("""{"instancetype":"u2"}""", "instancetype: the cluster has no \"u2\"")]
    [InlineData("""{"instancetype":"virtualmachineclusterinstancetype/u2"}""", "instancetype: the cluster has no \"virtualmachineclusterinstancetype/u2\"")]
    [InlineData("""{"instancetype":"virtualmachineinstancetype/u2"}""", null)]
    [InlineData("""{"preference":"fedora"}""", null)]
    [InlineData("""{"preference":"debian"}""", "preference: the cluster has no \"debian\"")]
    [InlineData("""{"preference":"virtualmachinepreference/own"}""", null)]
    [InlineData("""{"preference":"virtualmachinepreference/other"}""", "preference: the cluster has no \"virtualmachinepreference/other\"")]
    [InlineData("""{"architecture":"amd64"}""", null)]
    [InlineData("""{"architecture":"arm64"}""", "architecture: no node has \"arm64\", only amd64")]
    public async Task What_is_missing_is_named_by_its_field(string template, string? missing)
    {
        var platform = await PlatformAsync();

        Assert.Equal(missing, platform.Offer.Missing(Needs(template), null).SingleOrDefault());
    }

    [Theory]
    [InlineData("""{"network_name":"lan"}""", "acme", null)]
    [InlineData("""{"network_name":"lan"}""", "other", "network_name: there is no NetworkAttachmentDefinition \"lan\" in namespace \"other\"")]
    [InlineData("""{"preference":"virtualmachinepreference/own"}""", "acme", null)]
    [InlineData("""{"preference":"virtualmachinepreference/own"}""", "other", "preference: the cluster has no \"virtualmachinepreference/own\"")]
    [InlineData("""{"instancetype":"virtualmachineinstancetype/own"}""", "acme", null)]
    [InlineData("""{"instancetype":"virtualmachineinstancetype/own"}""", "other", "instancetype: the cluster has no \"virtualmachineinstancetype/own\"")]
    public async Task For_a_vm_its_namespace_counts(string template, string ns, string? missing)
    {
        var platform = await PlatformAsync();

        Assert.Equal(missing, platform.Offer.Missing(Needs(template), ns).SingleOrDefault());
    }

    [Theory]
    [InlineData("""{"image_url":"quay.io/disk:1"}""", null)]
    [InlineData("""{"image_url":"pvc:disk","storage":5}""", "storage")]
    [InlineData("""{"image_url":"quay.io/disk:1","storage":5}""", "storage")]
    [InlineData("""{"image_url":"docker://quay.io/disk:1"}""", null)]
    [InlineData("""{"image_url":"docker://quay.io/disk:1","storage":5}""", "storage")]
    [InlineData("""{"image_url":"https://example.com/disk.img"}""", "image_url")]
    [InlineData("""{"image_url":"pvc:golden/disk"}""", null)] // a VM of that namespace uses it as it is
    [InlineData("""{"image_url":"img","disks":[{"name":"a","blank":true,"size":"1Gi"}]}""", "disks")]
    [InlineData("""{"image_url":"img","disks":[{"name":"a","image_url":"img","size":"1Gi"}]}""", "disks")]
    public async Task Disk_that_is_made_needs_cdi(string template, string? field)
    {
        var platform = await PlatformAsync();
        Assert.Empty(platform.Offer.Missing(Needs(template), null));

        platform.DataVolumes.Status = new CacheStatus { State = CacheState.NoKindMatch }; // a server that starts may not know it yet
        Assert.Empty(platform.Offer.Missing(Needs(template), null));
        platform.DataVolumes.Status = new CacheStatus { State = CacheState.NoKindMatch, LacksKind = true };

        var missing = platform.Offer.Missing(Needs(template), null).SingleOrDefault();
        Assert.Equal(field is null ? null : $"{field}: CDI is not installed on this cluster, which imports, clones and makes disks", missing);
        platform.DataVolumes.Status = new CacheStatus { State = CacheState.Failing };
        Assert.Empty(platform.Offer.Missing(Needs(template), null));
    }

    [Theory]
    [InlineData("""{"image_url":"img","storage":5,"storage_class":"fast"}""", null)]
    [InlineData("""{"image_url":"img","storage":5,"storage_class":"fast","access_mode":"ReadWriteOnce"}""", null)]
    [InlineData("""{"image_url":"img","storage":5,"storage_class":"fast","access_mode":"ReadWriteOncePod"}""", null)] // profiles never name it
    [InlineData(
        """{"image_url":"img","storage":5,"storage_class":"fast","access_mode":"ReadWriteMany"}""",
        "access_mode: disks of the StorageClass \"fast\" cannot be \"ReadWriteMany\", only ReadWriteOnce (CDI's StorageProfile)")]
    [InlineData("""{"image_url":"img","storage_class":"fast","access_mode":"ReadWriteMany"}""", null)] // a container disk is on no volume
    [InlineData("""{"image_url":"pvc:a","storage_class":"fast","access_mode":"ReadWriteMany"}""", null)]
    [InlineData(
        """{"image_url":"pvc:ns/a","storage_class":"fast","access_mode":"ReadWriteMany"}""",
        "access_mode: disks of the StorageClass \"fast\" cannot be \"ReadWriteMany\", only ReadWriteOnce (CDI's StorageProfile)")]
    [InlineData(
        """{"image_url":"img","disks":[{"name":"a"},{"name":"b","blank":true,"size":1,"storage_class":"fast","access_mode":"ReadWriteMany"}]}""",
        "disks[1].access_mode: disks of the StorageClass \"fast\" cannot be \"ReadWriteMany\", only ReadWriteOnce (CDI's StorageProfile)")]
    [InlineData("""{"image_url":"img","storage":5,"storage_class":"unknown","access_mode":"ReadWriteMany"}""", null)]
    [InlineData(
        """{"image_url":"img","storage":5,"storage_class":"unknown"}""",
        "access_mode: missing, and CDI knows none for disks of the StorageClass \"unknown\" (its StorageProfile is empty)")]
    [InlineData("""{"image_url":"pvc:ns/a","storage_class":"unknown"}""", null)]
    [InlineData("""{"image_url":"img","storage":5,"storage_class":"unprofiled","access_mode":"ReadWriteMany"}""", null)]
    [InlineData("""{"image_url":"img","storage":5,"storage_class":"odd","access_mode":"ReadWriteMany"}""", null)] // someone wrote a mode that nobody knows
    [InlineData(
        """{"image_url":"img","storage":5,"access_mode":"ReadWriteMany"}""", // the default class is
        "access_mode: disks of the StorageClass \"fast\" cannot be \"ReadWriteMany\", only ReadWriteOnce (CDI's StorageProfile)")]
    public async Task Access_mode_is_one_that_the_class_can(string template, string? missing)
    {
        var platform = new PlatformWorld(_time);
        foreach (var name in (string[])["unknown", "unprofiled", "odd"]) platform.Has(KubernetesKinds.StorageClass, name);
        platform.HasDefaultClass("shared", "storageclass.kubernetes.io/is-default-class");
        platform.HasDefaultClass("fast", "storageclass.kubevirt.io/is-default-virt-class");
        platform.HasProfile("shared", "ReadWriteMany");
        platform.HasProfile("fast", "ReadWriteOnce");
        platform.HasProfile("unknown");
        platform.HasProfile("odd", "ReadWriteNever");
        await platform.KnowsAsync();

        Assert.Equal(missing, platform.Offer.Missing(Needs(template), null).SingleOrDefault());
    }

    [Theory]
    [InlineData("v1.0.1", """{"ssh_keys":["ssh-rsa A"]}""", "ssh_keys: KubeVirt v1.0.1 gives keys on a config drive alone (\"cloud_init_type\": \"configdrive\"), on NoCloud disks from v1.1 on")]
    [InlineData("v1.0.1", """{"ssh_keys":["ssh-rsa A"],"cloud_init_type":"configdrive"}""", null)]
    [InlineData("v1.0.1", """{"ssh_keys":["ssh-rsa A"],"cloud_init":"{\"ignition\":{\"version\":\"3.3.0\"}}"}""", null)]
    [InlineData("v1.0.1", """{"cloud_init":"#cloud-config"}""", null)]
    [InlineData("v1.1.0", """{"ssh_keys":["ssh-rsa A"]}""", null)]
    [InlineData("v1.10.0", """{"ssh_keys":["ssh-rsa A"]}""", null)]
    [InlineData("1.1.2-40-gabc", """{"ssh_keys":["ssh-rsa A"]}""", null)]
    [InlineData("devel", """{"ssh_keys":["ssh-rsa A"]}""", null)]
    [InlineData("", """{"ssh_keys":["ssh-rsa A"]}""", null)]
    [InlineData("v0.59.0", """{"eviction_strategy":"LiveMigrateIfPossible"}""", "eviction_strategy: KubeVirt v0.59.0 has no \"LiveMigrateIfPossible\", which is there from v1.0 on")]
    [InlineData("v0.59.0", """{"eviction_strategy":"LiveMigrate"}""", null)]
    [InlineData("v1.7.0", """{"architecture":"amd64"}""", null)]
    [InlineData("v1.7.0", """{"architecture":"arm64"}""", "architecture: KubeVirt v1.7.0 takes \"arm64\" beside its own amd64 with its feature gate MultiArchitecture alone, which is off")]
    [InlineData("v1.7.0 MultiArchitecture", """{"architecture":"arm64"}""", null)]
    [InlineData("v1.7.0 multiarchitecture", """{"architecture":"arm64"}""", "architecture: KubeVirt v1.7.0 takes \"arm64\" beside its own amd64 with its feature gate MultiArchitecture alone, which is off")]
    [InlineData("v1.8.0", """{"architecture":"arm64"}""", null)]
    public async Task What_kubevirt_does_not_do_in_its_version_is_told(string kubeVirt, string template, string? missing)
    {
        var platform = new PlatformWorld(_time);
        platform.HasNode("one", "amd64");
        platform.HasNode("two", "arm64");
        if (kubeVirt.Split(' ') is [var version, .. var gates]) platform.HasKubeVirt(version, gates);
        await platform.KnowsAsync();

        Assert.Equal(missing, platform.Offer.Missing(Needs(template), null).SingleOrDefault(one => !one.StartsWith("architecture: missing", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Feature_gate_that_is_turned_on_under_a_running_agent_makes_templates_usable()
    {
        var platform = new PlatformWorld(_time);
        platform.HasNode("two", "arm64");
        platform.HasKubeVirt("v1.6.0");
        await platform.KnowsAsync();
        var needs = Needs("""{"architecture":"arm64"}""");
        Assert.Single(platform.Offer.Missing(needs, null));

        platform.Cluster.Change(KubeVirtKinds.KubeVirt, new NamespacedName("kubevirt", "kubevirt"), kubeVirt =>
            kubeVirt["spec"]!["configuration"]!["developerConfiguration"]!["featureGates"] = new System.Text.Json.Nodes.JsonArray("MultiArchitecture"));

        await _time.UntilAsync(() => platform.Offer.Missing(needs, null).Count == 0);
    }

    [Theory]
    [InlineData("""{"spec":5,"status":"x"}""")]
    [InlineData("""{"spec":{"configuration":{"developerConfiguration":{"featureGates":"MultiArchitecture"}}},"status":{"observedKubeVirtVersion":7}}""")]
    [InlineData("""{"spec":{"configuration":[]},"status":{"observedKubeVirtVersion":"v99999999999.1"}}""")]
    [InlineData("""{"spec":null,"status":null}""")]
    [InlineData("{}")]
    public void Odd_kubevirt_object_tells_nothing_but_where_it_is(string json)
    {
        var text = json.Insert(1, "\"metadata\":{\"name\":\"kubevirt\",\"namespace\":\"kv\"}" + (json.Length > 2 ? "," : ""));

        var installed = KubeVirtInstallation.Of(JsonSerializer.Deserialize(text, KubeVirtJson.Default.KubeVirtObject)!);

        Assert.Equal(("kv", null, false), (installed.Namespace, installed.Version, installed.HasMultiArchitecture));
    }

    [Fact]
    public async Task Cluster_without_kubevirt_has_no_use_for_any_template()
    {
        var platform = await PlatformAsync();

        platform.Machines.Status = new CacheStatus { State = CacheState.NoKindMatch, LacksKind = true };

        Assert.Equal(
            "KubeVirt is not installed on this cluster: the API server has no virtualmachines.kubevirt.io",
            platform.Offer.Missing(Needs("""{"image_url":"img"}"""), null).Single());
    }

    [Fact]
    public async Task Cluster_without_multus_has_no_networks_until_it_gets_them()
    {
        var platform = new PlatformWorld(_time, OfferedKinds.Network);
        await platform.KnowsAsync();
        Assert.Equal(
            "network_name: the cluster has no NetworkAttachmentDefinitions (Multus), and so no \"lan\"",
            platform.Offer.Missing(Needs("""{"network_name":"lan"}"""), null).Single());

        platform.Cluster.GetsKind(OfferedKinds.Network);
        platform.Has(OfferedKinds.Network, "lan", "acme");

        await _time.UntilAsync(() => platform.Offer.Missing(Needs("""{"network_name":"lan"}"""), null).Count == 0);
        platform.Cluster.LosesKind(OfferedKinds.Network);
        await _time.UntilAsync(() => platform.Offer.Missing(Needs("""{"network_name":"lan"}"""), null).Count == 1);
    }

    [Theory]
    [InlineData("{}", "architecture: missing, expected one of amd64, arm64: this cluster has nodes of each")]
    [InlineData("""{"architecture":"arm64"}""", null)]
    [InlineData("""{"architecture":"s390x"}""", "architecture: no node has \"s390x\", only amd64, arm64")]
    public async Task Mixed_cluster_wants_to_be_told_which_cpu(string template, string? missing)
    {
        var platform = new PlatformWorld(_time);
        platform.HasNode("one", "amd64");
        platform.HasNode("two", "arm64");
        await platform.KnowsAsync();

        Assert.Equal(missing, platform.Offer.Missing(Needs(template), null).SingleOrDefault());
    }

    [Fact]
    public async Task Nodes_that_run_no_vms_make_no_cluster_mixed()
    {
        var platform = new PlatformWorld(_time);
        platform.HasNode("control-plane", "arm64");
        platform.HasNode("worker", "amd64", runsVms: true);
        await platform.KnowsAsync();

        Assert.Empty(platform.Offer.Missing(Needs("{}"), null));
        Assert.Single(platform.Offer.Missing(Needs("""{"architecture":"arm64"}"""), null));
    }

    [Fact]
    public async Task What_was_made_just_now_is_waited_for()
    {
        var platform = await PlatformAsync();

        var missing = platform.Offer.MissingNowAsync(Needs("""{"storage_class":"new"}"""), "acme", default);
        await _time.NextWaitAsync(TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(5));
        platform.Has(KubernetesKinds.StorageClass, "new");

        Assert.Empty(await missing);
    }

    [Fact]
    public async Task What_does_not_come_is_missing()
    {
        var platform = await PlatformAsync();

        var missing = platform.Offer.MissingNowAsync(Needs("""{"storage_class":"new"}"""), "acme", default);
        await _time.NextWaitAsync(TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(5));
        _time.Advance(TimeSpan.FromSeconds(5));

        Assert.Single(await missing);
    }

    [Fact]
    public async Task Watch_that_fails_says_nothing_is_missing()
    {
        var platform = new PlatformWorld(_time);
        await platform.KnowsAsync();
        platform.Cluster.Fault = _ => new KubernetesApiException(ApiErrorReason.Forbidden, "no right to");
        platform.Cluster.EndWatches();

        await _time.UntilAsync(() => platform.Offer.Missing(Needs("""{"storage_class":"slow"}"""), null).Count == 0);
    }

    private async Task<PlatformWorld> PlatformAsync()
    {
        var platform = new PlatformWorld(_time);
        platform.Has(KubernetesKinds.StorageClass, "fast");
        platform.Has(OfferedKinds.Network, "lan", "acme");
        platform.Has(KubeVirtKinds.ClusterInstancetype, "u1");
        platform.Has(KubeVirtKinds.Instancetype, "own", "acme");
        platform.Has(OfferedKinds.ClusterPreference, "fedora");
        platform.Has(OfferedKinds.Preference, "own", "acme");
        platform.HasNode("one", "amd64");
        await platform.KnowsAsync();
        return platform;
    }

    private static TemplateNeeds Needs(string template) => TemplateNeeds.Of(JsonElement.Parse(template));
}
