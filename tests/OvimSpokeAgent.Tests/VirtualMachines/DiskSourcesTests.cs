using System.Text.Json.Nodes;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Tests.Cluster;
using OvimSpokeAgent.VirtualMachines;

namespace OvimSpokeAgent.Tests.VirtualMachines;

/// <summary>What <c>create_vm</c> finds of its disks' sources on the cluster, and what it does then.</summary>
public sealed class DiskSourcesTests
{
    private const string Size = ""","cpu":1,"memory":"1Gi" """;

    [Theory]
    [InlineData("""{"image_url":"quay.io/disk:1","storage":20}""", "image_url: disk \"root\" is to be made anew (import of docker://quay.io/disk:1)")]
    [InlineData("""{"image_url":"https://example.com/x","storage":20}""", "image_url: disk \"root\" is to be made anew (import of https://example.com/x)")]
    [InlineData("""{"image_url":"pvc:images/fedora"}""", "image_url: disk \"root\" is to be made anew (copy of images/fedora)")]
    [InlineData("""{"image_url":"quay.io/disk:1","disks":[{"name":"data","size":1,"blank":true}]}""", "disks[0].image_url: disk \"data\" is to be made anew (empty)")]
    public async Task Without_cdi_what_it_would_make_is_refused(string fields, string error)
    {
        await using var world = await VmWorld.OpenAsync(cluster => cluster.LosesKind(KubeVirtKinds.DataVolume));

        var refusal = (await CreateAsync(world, fields)).FailureOf();

        Assert.StartsWith(error, refusal, StringComparison.Ordinal);
        Assert.Contains("CDI", refusal, StringComparison.Ordinal);
        Assert.Empty(world.Changes());
        Assert.Empty(world.Admission.Asked);
    }

    [Fact]
    public async Task Cdi_that_comes_is_seen_at_once()
    {
        await using var world = await VmWorld.OpenAsync(cluster => cluster.LosesKind(KubeVirtKinds.DataVolume));
        await CreateAsync(world, """{"image_url":"quay.io/disk:1","storage":20}""");
        world.Cluster.GetsKind(KubeVirtKinds.DataVolume);

        Assert.True((await CreateAsync(world, """{"image_url":"quay.io/disk:1","storage":20}""")).IsCompleted);
    }

    [Fact]
    public async Task Cdi_that_went_does_not_undo_a_vm()
    {
        await using var world = await VmWorld.OpenAsync();
        Assert.True((await CreateAsync(world, """{"image_url":"quay.io/disk:1","storage":20}""")).IsCompleted);
        world.Cluster.LosesKind(KubeVirtKinds.DataVolume);

        Assert.True((await CreateAsync(world, """{"image_url":"quay.io/disk:1","storage":20}""")).IsCompleted);
    }

    [Fact]
    public async Task Disk_that_is_not_there_is_refused_by_its_name()
    {
        await using var world = await VmWorld.OpenAsync(cluster => Has(cluster, KubernetesKinds.PersistentVolumeClaim, "golden"));

        Assert.Equal(
            "disks[0].image_url: disk \"data\" names acme/missing, but there is no such PersistentVolumeClaim or DataVolume",
            (await CreateAsync(world, """{"image_url":"pvc:golden","disks":[{"name":"data","image_url":"pvc:missing"}]}""")).FailureOf());

        Assert.Empty(world.Changes());
    }

    [Fact]
    public async Task Disk_under_import_is_a_data_volume_of_the_vm_and_one_that_is_there_a_claim()
    {
        await using var world = await VmWorld.OpenAsync(cluster =>
        {
            Has(cluster, KubernetesKinds.PersistentVolumeClaim, "golden");
            Has(cluster, KubernetesKinds.PersistentVolumeClaim, "importing");
            Has(cluster, KubeVirtKinds.DataVolume, "importing");
        });

        Assert.True((await CreateAsync(
            world, """{"image_url":"pvc:importing","disks":[{"name":"data","image_url":"pvc:golden"}]}""")).IsCompleted);

        Requests.IsJson(
            """[{"name":"root","dataVolume":{"name":"importing"}},{"name":"data","persistentVolumeClaim":{"claimName":"golden"}}]""",
            world.Vm()["spec"]!["template"]!["spec"]!["volumes"]);
        Assert.Null(world.Vm()["spec"]!["dataVolumeTemplates"]);
    }

    [Fact]
    public async Task Where_the_agent_may_not_look_kubevirts_word_counts()
    {
        await using var world = await VmWorld.OpenAsync();
        world.Cluster.Fault = request => request.Verb == "get" && request.Kind != KubeVirtKinds.VirtualMachine
            ? new KubernetesApiException(ApiErrorReason.Forbidden, "no", denied: new NeededPermission("get", request.Kind))
            : null;

        Assert.True((await CreateAsync(world, """{"image_url":"pvc:golden"}""")).IsCompleted);
    }

    [Fact]
    public async Task Clone_of_another_namespaces_disk_takes_the_right_that_is_given_there()
    {
        await using var world = await VmWorld.OpenAsync(cluster => Has(cluster, KubernetesKinds.PersistentVolumeClaim, "fedora", "golden"));
        var asked = new List<string>();
        world.Cluster.Reviews = review =>
        {
            asked.Add($"{review["verb"]} {review["resource"]}/{review["subresource"]} {review["namespace"]}/{review["name"]}");
            return (string?)review["resource"] == "virtualmachines"; // the agent's own
        };

        Assert.Equal(
            "image_url: disk \"root\": not authorized to clone golden/fedora: User system:serviceaccount:acme:default has insufficient "
            + "permissions in clone source namespace golden (create datavolumes/source, given there)",
            (await CreateAsync(world, """{"image_url":"pvc:golden/fedora"}""")).FailureOf());
        Assert.Equal(["create datavolumes/source golden/fedora", "create pods/ golden/fedora"], asked.Take(2));

        world.Cluster.Reviews = review => (string?)review["subresource"] == "source";
        Assert.Contains("no such PersistentVolumeClaim", (await CreateAsync(world, """{"image_url":"pvc:golden/debian"}""")).FailureOf(), StringComparison.Ordinal);
        Assert.True((await CreateAsync(world, """{"image_url":"pvc:golden/fedora"}""")).IsCompleted);
    }

    [Fact]
    public async Task Server_that_denies_everything_for_now_is_asked_again()
    {
        await using var world = await VmWorld.OpenAsync();
        world.Cluster.Reviews = _ => false;

        var e = await Assert.ThrowsAsync<KubernetesApiException>(() => CreateAsync(world, """{"image_url":"pvc:golden/fedora"}"""));

        Assert.True(e.IsTransient);
    }

    [Fact]
    public async Task Container_disk_asks_the_cluster_nothing()
    {
        await using var world = await VmWorld.OpenAsync();
        world.Cluster.ForgetRequests();

        await CreateAsync(world, """{"image_url":"quay.io/disk:1"}""");

        // The caches begin to watch whenever they have listed; no operation does.
        Assert.Equal(
            ["create"],
            world.Cluster.Requests.Where(request => request.Kind != KubernetesKinds.Namespace && request.Verb != "watch").Select(request => request.Verb));
    }

    [Theory]
    [InlineData("""{"image_url":"quay.io/disk:1","storage":20,"disks":[{"name":"a","size":5,"blank":true}]}""", 28556963405, 22845570724)]
    [InlineData("""{"image_url":"https://example.com/x","storage":20}""", 22845570724, 22845570724)]
    [InlineData("""{"image_url":"pvc:golden/fedora","storage":20}""", 22845570724, 0)]
    [InlineData("""{"image_url":"quay.io/disk:1"}""", 0, 0)]
    public async Task Room_is_asked_for_the_disks_with_their_file_systems_and_for_the_scratch_space_of_imports(string fields, long disks, long filling)
    {
        await using var world = await VmWorld.OpenAsync(cluster => Has(cluster, KubernetesKinds.PersistentVolumeClaim, "fedora", "golden"));

        Assert.True((await CreateAsync(world, fields)).IsCompleted);

        var claim = Assert.Single(world.Admission.Asked);
        Assert.Equal((disks, filling), (claim.Footprint.StorageBytes, claim.Footprint.FillingBytes));
    }

    [Theory]
    [InlineData("Manual")]
    [InlineData("RerunOnFailure")]
    [InlineData("Once")]
    public async Task Vm_that_waits_for_its_secrets_has_the_wished_strategy_then(string strategy)
    {
        await using var world = await VmWorld.OpenAsync();

        Assert.True((await CreateAsync(
            world, $$"""{"image_url":"quay.io/disk:1","ssh_keys":["ssh-ed25519 AAAA"],"run_strategy":"{{strategy}}"}""")).IsCompleted);

        Assert.Equal(strategy, world.Strategy());
        Assert.Null(world.Vm()["metadata"]!["annotations"]![WellKnownNames.IncompleteAnnotation]);
    }

    private static Task<OvimSpokeAgent.Operations.OperationOutcome> CreateAsync(VmWorld world, string fields) =>
        VmWorld.RunAsync(world.Create, $",{fields[1..^1]}{Size}");

    private static void Has(FakeKubernetesApi cluster, ResourceKind kind, string name, string ns = "acme") => cluster.Has(
        kind, new JsonObject { ["metadata"] = new JsonObject { ["name"] = name, ["namespace"] = ns } });
}
