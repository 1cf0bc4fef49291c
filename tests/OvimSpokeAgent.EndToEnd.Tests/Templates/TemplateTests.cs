using System.Text.Json.Nodes;
using KubernetesSandbox.Cluster;
using OvimSpokeAgent.EndToEnd.Tests.Harness;
using OvimSpokeAgent.Sandbox.Hub;

namespace OvimSpokeAgent.EndToEnd.Tests.Templates;

/// <summary>Templates from the hub to a VM.</summary>
public sealed class TemplateTests(Clusters clusters) : IClassFixture<Clusters>
{
    private static readonly (string, string) Often = ("OVIM_TEMPLATE_SYNC_INTERVAL", "500ms");

    private const string NetworkDefinition = """
        apiVersion: apiextensions.k8s.io/v1
        kind: CustomResourceDefinition
        metadata: {name: network-attachment-definitions.k8s.cni.cncf.io}
        spec:
          group: k8s.cni.cncf.io
          scope: Namespaced
          names: {plural: network-attachment-definitions, singular: network-attachment-definition, kind: NetworkAttachmentDefinition}
          versions:
          - name: v1
            served: true
            storage: true
            schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}
        """;

    [Theory, OnSandbox, OnRealApiServer]
    public async Task Thousand_with_fifty_bad_ones_are_usable_but_for_those_and_by_another_agent_too(ClusterKind kind)
    {
        await using var environment = await clusters.OnAsync(kind);
        var agent = await environment.StartAgentAsync();

        var result = await SyncsAsync(environment, agent, [.. Enumerable.Range(0, 1000).Select(i => Template($"t{i}", ("cpu", i % 20 == 7 ? "many" : 1)))]);

        Assert.Equal((950, 0), ((int)result["synced_templates"]!, (int)result["removed"]!));
        var rejected = result["rejected"]!.AsArray();
        Assert.Equal(50, rejected.Count);
        Assert.All(rejected, one => Assert.StartsWith("cpu: \"many\" is not", (string)one!["reason"]!, StringComparison.Ordinal));
        await agent.StopAsync();
        var successor = await environment.StartAgentAsync();
        var vm = await environment.CompletesAsync(successor, "create_vm", "web", ("template_name", "t999"), ("memory", 2));
        Assert.Equal(("1", "2Gi", "t999"), ((string?)vm["cpu"], (string?)vm["memory"], (string?)vm["used"]!["template_name"]));
        var error = await environment.FailsAsync(successor, "create_vm", "bad", ("template_name", "t7"));
        Assert.Equal("template_name: \"t7\" is not known here; there are 950 templates", error);
        await environment.ReportsVmAsync(successor, "web", "running");
        var made = await environment.Cluster.FindVmAsync(environment.Namespace, "web");
        Assert.Equal("t999", (string?)made!["metadata"]!["labels"]!["ovim.io/template"]);
    }

    [Fact]
    public async Task Agent_that_starts_with_the_hub_away_makes_the_vm_from_what_is_stored()
    {
        await using var cluster = await SandboxTestCluster.StartAsync();
        await using var environment = await TestEnvironment.StartAsync(cluster, ownsCluster: false);
        var agent = await environment.StartAgentAsync();
        await SyncsAsync(environment, agent, Template("ubuntu"));
        cluster.Api.Faults.Add(new ClusterFault
        {
            Kind = ClusterFaultKind.Status,
            StatusCode = 503,
            Method = "POST",
            Path = $"/namespaces/{environment.Namespace}/virtualmachines",
        });
        var id = environment.Queues(agent, "create_vm", "web", ("template", "ubuntu"));
        await environment.Cluster.Admin.WaitForAnyAsync(
            $"api/v1/namespaces/{environment.AgentNamespace}/secrets",
            secret => (string?)secret["metadata"]!["labels"]?["ovim.io/operation-state"] == "started");
        environment.Hub.Faults.Add(new HubFault { Kind = HubFaultKind.Status, StatusCode = 503 });
        await agent.StopAsync();
        cluster.Api.Faults.Clear();

        await environment.StartAgentAsync();
        await environment.Cluster.Admin.WaitForAsync(
            TestClusterExtensions.VmsOf(environment.Namespace), "web", vm => (string?)vm?["metadata"]!["labels"]!["ovim.io/template"] == "ubuntu");

        environment.Hub.Faults.Clear();
        Assert.Equal("completed", (string?)(await environment.ResultOfAsync(id))["status"]);
    }

    [Theory, OnSandbox, OnRealApiServer]
    public async Task Hubs_templates_are_pulled_and_a_hub_that_lost_them_removes_none(ClusterKind kind)
    {
        await using var environment = await clusters.OnAsync(kind);
        environment.Hub.Templates = new JsonArray(Template("a"), Template("b")).ToJsonString();
        var agent = await environment.StartAgentAsync(Often);
        await environment.SaysInHealthAsync(agent, "templates", "2 templates");

        environment.Hub.Templates = new JsonArray(Template("a"), Template("b"), Template("c"), Template("d", ("cpu", 0))).ToJsonString();
        await environment.SaysInHealthAsync(agent, "templates", "of the hub's 1 are rejected: d: cpu: 0 is not");
        environment.Hub.Restart();
        await environment.NextReportAsync(agent);
        environment.Hub.Templates = "null";
        await environment.SaysInHealthAsync(agent, "templates", "the hub's cannot be taken: the hub's answer has no array");

        await environment.CompletesAsync(agent, "create_vm", "web", ("template_name", "c"));
    }

    [Theory, OnSandbox, OnRealApiServer]
    public async Task Cleared_configmaps_are_written_anew(ClusterKind kind)
    {
        await using var environment = await clusters.OnAsync(kind);
        var maps = $"api/v1/namespaces/{environment.AgentNamespace}/configmaps";
        var agent = await environment.StartAgentAsync(Often);
        await SyncsAsync(environment, agent, Template("ubuntu"));
        var names = (await environment.Cluster.Admin.GetAsync(maps))["items"]!.AsArray()
            .Select(map => (string)map!["metadata"]!["name"]!).Where(name => name.StartsWith("ovim-templates", StringComparison.Ordinal)).ToList();
        Assert.Equal(2, names.Count);
        foreach (var name in names) await environment.Cluster.Admin.DeleteAsync($"{maps}/{name}");

        foreach (var name in names) await environment.Cluster.Admin.WaitForAsync(maps, name, map => map is not null);

        await environment.SaysInHealthAsync(agent, "templates", "1 template");
        await environment.CompletesAsync(agent, "create_vm", "web", ("template_name", "ubuntu"));
    }

    [Theory, OnSandbox, OnRealApiServer]
    public async Task What_the_cluster_lacks_is_told_and_nothing_is_made_until_it_is_there(ClusterKind kind)
    {
        await using var environment = await clusters.OnAsync(kind);
        var agent = await environment.StartAgentAsync(Often);
        var storageClass = $"fast-{environment.Namespace}";
        var reason = $"storage_class: the cluster has no StorageClass \"{storageClass}\"";

        var result = await SyncsAsync(environment, agent, Template("plain"), Template("fast", ("storage_class", storageClass)));

        var unusable = result["unusable"]!.AsArray().Single()!;
        Assert.Equal(("fast", reason), ((string?)unusable["name"], (string?)unusable["reason"]));
        await environment.SaysInHealthAsync(agent, "templates", "2 templates");
        // What the cluster itself offers is told between the two: on a shared API server, other tests make some.
        await environment.SaysInHealthAsync(agent, "templates", $"1 are not usable here: fast: {reason}");
        Assert.Equal($"template fast: {reason}", await environment.FailsAsync(agent, "create_vm", "web", ("template_name", "fast")));
        Assert.Null(await environment.Cluster.FindVmAsync(environment.Namespace, "web"));
        await environment.Cluster.Admin.CreateAsync("apis/storage.k8s.io/v1/storageclasses", new JsonObject
        {
            ["apiVersion"] = "storage.k8s.io/v1",
            ["kind"] = "StorageClass",
            ["metadata"] = new JsonObject { ["name"] = storageClass },
            ["provisioner"] = "example.com/none",
        });
        await environment.CompletesAsync(agent, "create_vm", "web", ("template_name", "fast"));
        await environment.Cluster.Admin.DeleteAsync($"apis/storage.k8s.io/v1/storageclasses/{storageClass}");
        await environment.SaysInHealthAsync(agent, "templates", "1 are not usable here: fast");
    }

    [Fact]
    public async Task Kind_that_comes_under_a_running_agent_makes_templates_usable()
    {
        await using var environment = await clusters.OnAsync(ClusterKind.Sandbox);
        var agent = await environment.StartAgentAsync(Often);
        var result = await SyncsAsync(environment, agent, Template("lan", ("network_name", "lan")));
        Assert.Equal(
            "network_name: the cluster has no NetworkAttachmentDefinitions (Multus), and so no \"lan\"",
            (string?)result["unusable"]!.AsArray().Single()!["reason"]);

        await environment.Cluster.Admin.CreateFromYamlAsync("apis/apiextensions.k8s.io/v1/customresourcedefinitions", NetworkDefinition);
        await environment.SaysInHealthAsync(agent, "templates", "no namespace has a NetworkAttachmentDefinition");
        await environment.Cluster.Admin.CreateAsync(
            $"apis/k8s.cni.cncf.io/v1/namespaces/{environment.Namespace}/network-attachment-definitions",
            new JsonObject
            {
                ["apiVersion"] = "k8s.cni.cncf.io/v1",
                ["kind"] = "NetworkAttachmentDefinition",
                ["metadata"] = new JsonObject { ["name"] = "lan", ["namespace"] = environment.Namespace },
            });

        await environment.CompletesAsync(agent, "create_vm", "web", ("template_name", "lan"));
    }

    [Fact]
    public async Task Agent_that_takes_no_templates_says_so_and_makes_vms_of_those_it_has()
    {
        await using var environment = await clusters.OnAsync(ClusterKind.Sandbox);
        var agent = await environment.StartAgentAsync();
        await SyncsAsync(environment, agent, Template("ubuntu"));
        await agent.StopAsync();
        environment.Hub.Templates = "[]";

        agent = await environment.StartAgentAsync(("OVIM_FEATURE_TEMPLATE_SYNC", "false"), Often);

        var id = environment.Hub.Queue(agent.Id, "sync_templates", new JsonObject { ["templates"] = new JsonArray() }, "op-off");
        Assert.Equal(
            "OVIM_FEATURE_TEMPLATE_SYNC: it is false, so that this agent takes no templates from the hub",
            (string?)(await environment.ResultOfAsync(id))["error"]);
        await environment.CompletesAsync(agent, "create_vm", "web", ("template_name", "ubuntu"));
    }

    private static JsonObject Template(string name, params (string Field, JsonNode Value)[] more)
    {
        var template = new JsonObject
        {
            ["name"] = name,
            ["display_name"] = $"Template {name}",
            ["os_type"] = "linux",
            ["image_url"] = "quay.io/containerdisks/fedora:latest",
            ["cpu"] = 1,
            ["memory"] = "1Gi",
        };
        foreach (var (field, value) in more) template[field] = value;
        return template;
    }

    private static async Task<JsonObject> SyncsAsync(TestEnvironment environment, TestAgent agent, params JsonObject[] templates)
    {
        var id = environment.Hub.Queue(
            agent.Id, "sync_templates", new JsonObject { ["templates"] = new JsonArray([.. templates]) }, $"op-{Guid.NewGuid():N}");
        var result = await environment.ResultOfAsync(id);
        Assert.True((string?)result["status"] == "completed", result.ToJsonString());
        return result["result"]!.AsObject();
    }
}
