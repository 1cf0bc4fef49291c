using System.Text.Json;
using System.Text.Json.Nodes;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Contract;
using OvimSpokeAgent.Templates;
using OvimSpokeAgent.Tests.Cluster;
using OvimSpokeAgent.Tests.VirtualMachines;
using OvimSpokeAgent.VirtualMachines;

namespace OvimSpokeAgent.Tests.Templates;

/// <summary>Templates that the cluster has beside those of the hub.</summary>
public sealed class ClusterTemplatesTests
{
    private readonly TemplateWorld _world = new();

    private PlatformWorld Platform => _world.Platform;

    [Theory]
    [InlineData("u1.medium", """{"instancetype":"u1.medium"}""")]
    [InlineData("fedora", """{"preference":"fedora"}""")]
    [InlineData("u1.medium+fedora", """{"instancetype":"u1.medium","preference":"fedora"}""")]
    public async Task Instancetypes_and_preferences_of_the_cluster_are_templates(string name, string content)
    {
        Platform.Has(KubeVirtKinds.ClusterInstancetype, "u1.medium");
        Platform.Has(OfferedKinds.ClusterPreference, "fedora");
        await Platform.KnowsAsync();

        var (template, refusal) = await FindAsync(name);

        Assert.Null(refusal);
        Assert.Equal((name, content), (template!.Name, template.Content.GetRawText()));
    }

    [Theory]
    [InlineData("other")]
    [InlineData("u1.medium+other")]
    [InlineData("other+fedora")]
    [InlineData("u1.medium+")]
    [InlineData("+")]
    [InlineData("u1.medium+fedora+x")]
    [InlineData("openshift/none")]
    [InlineData("acme/own")]
    [InlineData("own")]
    [InlineData("../../x")]
    public async Task What_the_cluster_does_not_have_is_not_known(string name)
    {
        Platform.Has(KubeVirtKinds.ClusterInstancetype, "u1.medium");
        Platform.Has(OfferedKinds.ClusterPreference, "fedora");
        Platform.Has(KubeVirtKinds.Instancetype, "own", "acme"); // a tenant's
        await Platform.KnowsAsync();

        var (template, refusal) = await FindAsync(name);

        Assert.Null(template);
        Assert.StartsWith($"template_name: \"{name}\" is not known here; there are 0 templates", refusal, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Templates_of_other_namespaces_are_tenants_and_not_read()
    {
        HasTemplate("mine", OpenShiftTemplateTests.Fedora, ns: "acme");
        await Platform.KnowsAsync();

        Assert.NotNull((await FindAsync("mine")).Refusal);
        Assert.DoesNotContain(await _world.Source.ListAsync(default), one => one.Source == "openshift");
        Assert.DoesNotContain(
            Platform.Cluster.Requests, request => request.Kind == OfferedKinds.OpenShiftTemplate && request.Name.Namespace is not "openshift");
    }

    [Theory]
    [InlineData("fedora")]
    [InlineData("openshift/fedora")]
    public async Task Template_of_the_catalogue_is_found_by_its_name(string name)
    {
        HasTemplate("fedora", OpenShiftTemplateTests.Fedora);
        HasDataSource("images", "fedora", """{"pvc":{"namespace":"images","name":"fedora-42"}}""");
        await Platform.KnowsAsync();

        var (template, refusal) = await FindAsync(name);

        Assert.Null(refusal);
        Assert.Equal("pvc:images/fedora-42", template!.Content.GetProperty("image_url").GetString());
    }

    [Fact]
    public async Task Hubs_template_of_the_same_name_counts()
    {
        HasTemplate("fedora", OpenShiftTemplateTests.Fedora);
        Platform.Has(OfferedKinds.ClusterPreference, "fedora");
        await _world.SyncsAsync(TemplateWorld.Template("fedora"));
        await Platform.KnowsAsync();

        Assert.Equal("img", (await FindAsync("fedora")).Template!.Content.GetProperty("image_url").GetString());
        await Eventually.HoldsAsync(() => Platform.Templates.All().Count() == 2);
        var listed = ListTemplatesHandler.Listing(await _world.Source.ListAsync(default)).Templates;
        Assert.Equal(
            [("fedora", "hub", false, null), ("fedora", "openshift", true, true), ("fedora", "preference", true, true)],
            listed.Select(one => (one.Name, one.Source, one.ReadOnly, one.Hidden)));
    }

    [Theory]
    [InlineData(null, "template fedora: DataSource images/fedora does not exist")]
    [InlineData("""{"snapshot":{"name":"s"}}""", "template fedora: DataSource images/fedora names no PersistentVolumeClaim, from which alone disks are copied")]
    [InlineData("""{"pvc":{}}""", "template fedora: DataSource images/fedora names no PersistentVolumeClaim, from which alone disks are copied")]
    [InlineData("{}", "template fedora: DataSource images/fedora names no PersistentVolumeClaim, from which alone disks are copied")]
    public async Task Datasource_that_is_no_disk_is_told(string? source, string told)
    {
        HasTemplate("fedora", OpenShiftTemplateTests.Fedora);
        if (source is not null) HasDataSource("images", "fedora", source);
        await Platform.KnowsAsync();

        Assert.Equal(told, (await FindAsync("fedora")).Refusal);
    }

    [Fact]
    public async Task Agent_that_may_not_read_the_catalogue_works_without_it()
    {
        Platform.Cluster.Fault = request => request.Kind == OfferedKinds.OpenShiftTemplate ? FakeKubernetesApi.Error(ApiErrorReason.Forbidden, "no right to") : null;
        Platform.Cluster.Reviews = review => (string?)review["resource"] != "templates";
        Platform.Cluster.EndWatches();
        HasTemplate("fedora", OpenShiftTemplateTests.Fedora);

        Assert.StartsWith("template_name: \"fedora\" is not known here", (await FindAsync("fedora")).Refusal, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("templates", true)]
    [InlineData("templates", false)]
    [InlineData("datasources", true)]
    [InlineData("datasources", false)]
    public async Task Server_that_denies_for_now_is_asked_again(string kind, bool reviewsAllow)
    {
        HasTemplate("fedora", OpenShiftTemplateTests.Fedora);
        HasDataSource("images", "fedora", """{"pvc":{"name":"fedora-42"}}""");
        await Platform.KnowsAsync();
        Platform.Cluster.Fault = request => request.Verb == "get" && request.Kind.Plural == kind ? FakeKubernetesApi.Error(ApiErrorReason.Forbidden, "no right to") : null;
        Platform.Cluster.Reviews = _ => reviewsAllow;

        var e = await Assert.ThrowsAsync<KubernetesApiException>(() => FindAsync("fedora"));

        Assert.True(e.IsTransient);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("""{"snapshot":{"name":"s"}}""")]
    [InlineData("""{"pvc":{"namespace":"images","name":"fedora-42"}}""")]
    public async Task What_other_namespaces_have_is_not_told_to_who_may_not_clone_it(string? source)
    {
        HasTemplate("fedora", OpenShiftTemplateTests.Fedora);
        if (source is not null) HasDataSource("images", "fedora", source);
        await Platform.KnowsAsync();
        Platform.Cluster.Reviews = review => (string?)review["resource"] == "virtualmachines"; // the agent's own

        Assert.Equal(
            "template fedora: DataSource images/fedora is not for VMs of acme: User system:serviceaccount:acme:default may not clone from namespace images "
            + "(create datavolumes/source, given there)",
            (await FindAsync("fedora")).Refusal);
        Assert.DoesNotContain(Platform.Cluster.Requests, request => request.Kind == OfferedKinds.DataSource);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task So_many_are_held_and_others_can_be_named_all_the_same(bool comeLater)
    {
        var platform = new PlatformWorld(_world.Time);
        if (comeLater) await platform.KnowsAsync();
        for (var i = 0; i <= OpenShiftTemplateItem.MaxItems + 50; i++)
        {
            HasTemplate($"t{i:000}", """{"objects":[{"apiVersion":"kubevirt.io/v1","kind":"VirtualMachine"}]}""", on: platform);
        }
        if (!comeLater) await platform.KnowsAsync();

        await Eventually.HoldsAsync(() => platform.Templates.All().Count() == OpenShiftTemplateItem.MaxItems);

        Assert.Contains(platform.Templates.All(), one => one.Name == "t499");
        Assert.NotNull((await platform.Templates.FindAsync("t550", JsonElement.Parse("{}"), default)).Template);
        platform.Cluster.Remove(OfferedKinds.OpenShiftTemplate, new NamespacedName("openshift", "t007"));
        platform.Cluster.Change(OfferedKinds.OpenShiftTemplate, new NamespacedName("openshift", "t550"), template => template["labels"] = new JsonObject());
        await Eventually.HoldsAsync(() => platform.Templates.All().Any(one => one.Name == "t550"));
        Assert.Equal(OpenShiftTemplateItem.MaxItems, platform.Templates.All().Count());
    }

    [Fact]
    public async Task Listing_says_what_is_of_no_use_and_which_parameters_must_be_given()
    {
        HasTemplate("bad", """{"objects":[{"apiVersion":"kubevirt.io/v1","kind":"VirtualMachine"},{"apiVersion":"v1","kind":"Secret"}]}""");
        HasTemplate("odd", """{"objects":[{"apiVersion":"kubevirt.io/v1","kind":"VirtualMachine"}],"parameters":[{"name":"SIZE","required":true}]}""");
        HasTemplate("database", """{"objects":[{"apiVersion":"v1","kind":"Secret"}]}""");
        HasTemplate("broken", """{"objects":"none","parameters":[{"name":5}]}""");
        HasTemplate("classy", """
            {"objects":[{"apiVersion":"kubevirt.io/v1","kind":"VirtualMachine","spec":{"template":{"spec":{
              "domain":{"memory":{"guest":"1Gi"},"cpu":{"cores":1},"devices":{"disks":[{"name":"a"}]}},"volumes":[{"name":"a","dataVolume":{"name":"d"}}]}},
              "dataVolumeTemplates":[{"metadata":{"name":"d"},"spec":{"source":{"registry":{"url":"docker://img"}},"storage":{"storageClassName":"none","resources":{"requests":{"storage":1}}}}}]}}]}
            """);
        await _world.SyncsAsync(TemplateWorld.Template("own", ",\"display_name\":\"Mine\",\"storage_class\":\"none\""));
        await Platform.KnowsAsync();
        await Eventually.HoldsAsync(() => Platform.Templates.All().Count() == 3);

        var listed = ListTemplatesHandler.Listing(await _world.Source.ListAsync(default));

        Assert.Equal(
            [
                ("own", "Mine", "storage_class: the cluster has no StorageClass \"none\"", ""),
                ("bad", null, "objects[1]: a Secret is not made: of a template one VirtualMachine is, and nothing else", ""),
                ("classy", null, "storage_class: the cluster has no StorageClass \"none\"", ""),
                ("odd", null, null, "SIZE"),
            ],
            listed.Templates.Select(one => (one.Name, one.DisplayName, one.Reason, string.Join(' ', one.Parameters ?? []))));
        Assert.Equal((4, null), (listed.Count, listed.Truncated));
    }

    [Fact]
    public void Listing_fits_into_a_result()
    {
        var many = Enumerable.Range(0, 5000).Select(i => new ListedTemplate { Name = $"t{i}", Source = "hub", ReadOnly = false, Reason = new string('ä', 300) }).ToList();

        var listing = ListTemplatesHandler.Listing(many);

        Assert.Equal((5000, true), (listing.Count, listing.Truncated));
        Assert.InRange(JsonSerializer.SerializeToUtf8Bytes(listing, ContractJson.Default.TemplateListing).Length, 200 << 10, 512 << 10);
    }

    [Fact]
    public async Task What_was_made_for_a_parameter_is_fixed_and_what_is_secret_is_in_no_message()
    {
        HasTemplate("fedora", OpenShiftTemplateTests.Fedora.Replace("\"sourceRef\": {\"kind\": \"DataSource\", \"name\": \"${DATA_SOURCE_NAME}\", \"namespace\": \"${DATA_SOURCE_NAMESPACE}\"}", "\"source\":{\"registry\":{\"url\":\"docker://img\"}}", StringComparison.Ordinal));
        await Platform.KnowsAsync();
        await using var vms = await VmWorld.OpenAsync();
        const string Payload = """{"name":"web","namespace":"acme","template_name":"fedora","cpu":4,"run":true,"parameters":{"CORES":2}}""";
        var execution = VmWorld.Of(vms.CreateFrom(_world.Source), Payload);
        vms.Cluster.Fault = request => request.Verb == "create" ? FakeKubernetesApi.Error(ApiErrorReason.Unavailable) : null;
        await Assert.ThrowsAsync<KubernetesApiException>(execution.RunAsync);
        var password = JsonNode.Parse(execution.Checkpoint!)!["template"]!["secret_parameters"]!["CLOUD_USER_PASSWORD"]!.GetValue<string>();

        vms.Cluster.Fault = null;
        Platform.Cluster.Remove(OfferedKinds.OpenShiftTemplate, new NamespacedName("openshift", "fedora"));
        var again = VmWorld.Of(vms.CreateFrom(_world.Source), Payload, fact: execution.Checkpoint);
        var status = (await again.RunAsync()).VmStatus();

        Assert.Equal(("4", "2Gi"), (status.Cpu, status.Memory));
        Assert.DoesNotContain(password, status.Used!.Value.GetRawText(), StringComparison.Ordinal);
        Assert.Equal("fedora", status.Used.Value.GetProperty("template_name").GetString());
        Assert.DoesNotContain(password, vms.Vm().ToJsonString(), StringComparison.Ordinal); // it is in a Secret
        var spec = vms.Vm()["spec"]!["template"]!["spec"]!;
        Assert.Equal("host-model", (string?)spec["domain"]!["cpu"]!["model"]);
        Assert.NotNull(spec["domain"]!["devices"]!["rng"]);
        Assert.Equal(4, (int)spec["domain"]!["cpu"]!["sockets"]!);
        Assert.Equal("fedora", (string?)vms.Vm()["metadata"]!["labels"]![WellKnownNames.TemplateLabel]);
        var secret = vms.Cluster.Requests.Last(request => request is { Verb: "create" } && request.Kind == KubernetesKinds.Secret);
        Assert.Contains("web", secret.Name.Name, StringComparison.Ordinal);
    }

    private Task<(TemplateContent? Template, string? Refusal)> FindAsync(string name) =>
        _world.Source.FindAsync(name, JsonElement.Parse("""{"name":"web","namespace":"acme"}"""), default);

    private void HasTemplate(string name, string json, string ns = "openshift", PlatformWorld? on = null)
    {
        var template = JsonNode.Parse(json)!.AsObject();
        template["metadata"] = new JsonObject { ["name"] = name, ["namespace"] = ns };
        (on ?? Platform).Cluster.Has(OfferedKinds.OpenShiftTemplate, template);
    }

    private void HasDataSource(string ns, string name, string source) => Platform.Cluster.Has(OfferedKinds.DataSource, new JsonObject
    {
        ["metadata"] = new JsonObject { ["name"] = name, ["namespace"] = ns },
        ["spec"] = new JsonObject { ["source"] = JsonNode.Parse(source) },
    });
}
