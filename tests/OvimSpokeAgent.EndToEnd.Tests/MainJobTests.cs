using System.Text.Json.Nodes;
using OvimSpokeAgent.EndToEnd.Tests.Harness;

namespace OvimSpokeAgent.EndToEnd.Tests;

/// <summary>Hub → agent → KubeVirt → hub, one story a test.</summary>
public sealed class MainJobTests(Clusters clusters) : IClassFixture<Clusters>
{
    private static (string, JsonNode)[] SmallVm =>
        [("image_url", "quay.io/containerdisks/fedora:latest"), ("cpu", 2), ("memory", "1Gi")];

    [Theory, OnSandbox, OnRealApiServer]
    public async Task Created_vm_is_on_the_cluster_in_its_result_and_in_the_reports(ClusterKind kind)
    {
        await using var environment = await clusters.OnAsync(kind);
        var agent = await environment.StartAgentAsync();

        var status = await environment.CompletesAsync(
            agent,
            "create_vm",
            "web",
            [.. SmallVm, ("cloud_init", "#cloud-config\nusers: []\n"), ("labels", new JsonObject { ["tier"] = "front" }), ("storage", "20Gi")]);

        Assert.Equal("web", (string?)status["name"]);
        Assert.Equal("20Gi", (string?)status["storage"]);
        var vm = await environment.Cluster.FindVmAsync(environment.Namespace, "web");
        var domain = vm!["spec"]!["template"]!["spec"]!["domain"]!;
        Assert.Equal("1Gi", (string?)domain["memory"]!["guest"]);
        Assert.Equal(2, (int?)domain["cpu"]!["sockets"]);
        Assert.Equal("front", (string?)vm["metadata"]!["labels"]!["tier"]);
        var reported = await environment.ReportsVmAsync(agent, "web", "running");
        Assert.Equal("Running", (string?)reported!["phase"]);
        Assert.False(string.IsNullOrEmpty((string?)reported["ip_address"]));
        Assert.False(string.IsNullOrEmpty((string?)reported["node_name"]));
    }

    [Theory, OnSandbox, OnRealApiServer]
    public async Task Vm_and_namespace_show_how_their_operations_ended(ClusterKind kind)
    {
        await using var environment = await clusters.OnAsync(kind);
        var agent = await environment.StartAgentAsync();

        await environment.CompletesAsync(agent, "create_vm", "web", SmallVm);
        var error = await environment.FailsAsync(agent, "update_vm", "web", ("instancetype", "none-such"));
        await environment.CompletesAsync(
            agent, "create_resource_quota", "unused", ("namespace", environment.Namespace), ("quota", new JsonObject { ["cpu"] = 100 }));

        // As kubectl describe asks for them.
        var vm = (await environment.Cluster.FindVmAsync(environment.Namespace, "web"))!;
        var ofVm = await EventsAboutAsync(environment, environment.Namespace, vm, count: 2);
        Assert.Equal(("Normal", "OperationCompleted"), ((string?)ofVm[0]["type"], (string?)ofVm[0]["reason"]));
        Assert.StartsWith("create_vm op-", (string?)ofVm[0]["message"], StringComparison.Ordinal);
        Assert.Equal(("Warning", "OperationFailed"), ((string?)ofVm[1]["type"], (string?)ofVm[1]["reason"]));
        Assert.EndsWith($" failed: {error}", (string?)ofVm[1]["message"], StringComparison.Ordinal);
        var ns = await environment.Cluster.Admin.GetAsync($"api/v1/namespaces/{environment.Namespace}");
        var ofNamespace = await EventsAboutAsync(environment, "default", ns, count: 1);
        Assert.StartsWith("create_resource_quota op-", (string?)ofNamespace[0]["message"], StringComparison.Ordinal);
        if (KubectlTool.IsInstalled)
        {
            var described = await KubectlTool.RunAsync(environment.Cluster.Kubeconfig, "-n", environment.Namespace, "describe", "vm", "web");
            Assert.Matches(@"Normal +OperationCompleted .* create_vm op-\S+ is completed", described);
            Assert.Matches(@"Warning +OperationFailed .* update_vm op-\S+ failed: ", described);
        }
    }

    private static async Task<IReadOnlyList<JsonObject>> EventsAboutAsync(TestEnvironment environment, string eventsIn, JsonObject about, int count)
    {
        using var patience = new CancellationTokenSource(JsonApi.Patience);
        using var looks = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
        while (true)
        {
            var events = (await environment.Cluster.Admin.GetAsync($"api/v1/namespaces/{eventsIn}/events"))["items"]!.AsArray()
                .Select(item => item!.AsObject())
                .Where(item => (string?)item["involvedObject"]!["uid"] == (string?)about["metadata"]!["uid"]
                    && ((string?)item["reason"])!.StartsWith("Operation", StringComparison.Ordinal))
                .OrderBy(item => (string?)item["metadata"]!["name"], StringComparer.Ordinal)
                .ToList();
            if (events.Count >= count) return events;
            await looks.WaitForNextTickAsync(patience.Token);
        }
    }

    [Theory, OnSandbox, OnRealApiServer]
    public async Task Vm_stops_starts_restarts_and_goes(ClusterKind kind)
    {
        await using var environment = await clusters.OnAsync(kind);
        var agent = await environment.StartAgentAsync();
        await environment.CompletesAsync(agent, "create_vm", "web", SmallVm);
        await environment.ReportsVmAsync(agent, "web", "running");

        await environment.CompletesAsync(agent, "stop_vm", "web");
        await environment.ReportsVmAsync(agent, "web", "stopped");
        await environment.CompletesAsync(agent, "stop_vm", "web");
        await environment.CompletesAsync(agent, "start_vm", "web");
        await environment.ReportsVmAsync(agent, "web", "running");
        var before = await environment.UidOfGuestAsync("web");
        await environment.CompletesAsync(agent, "restart_vm", "web");
        await environment.HasGuestAsync("web", vmi => vmi is not null && (string?)vmi["metadata"]!["uid"] != before);
        var deleted = await environment.CompletesAsync(agent, "delete_vm", "web");

        Assert.Equal("deleted", (string?)deleted["status"]);
        Assert.Null(await environment.Cluster.FindVmAsync(environment.Namespace, "web"));
        await environment.ReportsVmAsync(agent, "web", null);
        Assert.Equal("deleted", (string?)(await environment.CompletesAsync(agent, "delete_vm", "web"))["status"]);
    }

    [Theory, OnSandbox, OnRealApiServer]
    public async Task Vm_with_run_strategy_Manual_is_started_stopped_and_restarted_through_the_subresources(ClusterKind kind)
    {
        await using var environment = await clusters.OnAsync(kind);
        var agent = await environment.StartAgentAsync();
        await environment.CompletesAsync(agent, "create_vm", "db", [.. SmallVm, ("run", false)]);
        await environment.ChangesVmAsync("db", new JsonObject { ["spec"] = new JsonObject { ["runStrategy"] = "Manual" } });

        await environment.CompletesAsync(agent, "start_vm", "db");
        await environment.ReportsVmAsync(agent, "db", "running");
        await environment.CompletesAsync(agent, "start_vm", "db");
        var before = await environment.UidOfGuestAsync("db");
        await environment.CompletesAsync(agent, "restart_vm", "db");
        await environment.HasGuestAsync("db", vmi => vmi is not null && (string?)vmi["metadata"]!["uid"] != before);
        await environment.ReportsVmAsync(agent, "db", "running");
        await environment.CompletesAsync(agent, "stop_vm", "db");
        await environment.ReportsVmAsync(agent, "db", "stopped");

        Assert.Contains("not running", await environment.FailsAsync(agent, "restart_vm", "db"), StringComparison.Ordinal);
    }

    [Theory, OnSandbox, OnRealApiServer]
    public async Task Long_user_data_and_ssh_keys_go_into_secrets_that_the_vm_owns(ClusterKind kind)
    {
        await using var environment = await clusters.OnAsync(kind);
        var agent = await environment.StartAgentAsync();

        await environment.CompletesAsync(
            agent,
            "create_vm",
            "web",
            [.. SmallVm, ("cloud_init", SeededSecrets.LongUserData), ("ssh_keys", new JsonArray("ssh-ed25519 AAAA me"))]);

        var vm = await environment.Cluster.FindVmAsync(environment.Namespace, "web");
        var secrets = await environment.Cluster.Admin.GetAsync(
            $"api/v1/namespaces/{environment.Namespace}/secrets?labelSelector=ovim.io/vm%3Dweb");
        Assert.Equal(2, secrets["items"]!.AsArray().Count);
        Assert.All(
            secrets["items"]!.AsArray(),
            secret => Assert.Equal((string?)vm!["metadata"]!["uid"], (string?)secret!["metadata"]!["ownerReferences"]![0]!["uid"]));
    }

    [Theory, OnSandbox, OnRealApiServer]
    public async Task Operations_that_cannot_be_done_say_why(ClusterKind kind)
    {
        await using var environment = await clusters.OnAsync(kind);
        var agent = await environment.StartAgentAsync();
        await environment.Cluster.Admin.CreateAsync(TestClusterExtensions.VmsOf(environment.Namespace), ForeignVm("theirs"));

        Assert.Contains("there is no VM", await environment.FailsAsync(agent, "start_vm", "nothing"), StringComparison.Ordinal);
        Assert.Contains("exists already", await environment.FailsAsync(agent, "create_vm", "theirs", SmallVm), StringComparison.Ordinal);
        Assert.Contains("not managed by this agent", await environment.FailsAsync(agent, "delete_vm", "theirs"), StringComparison.Ordinal);
        Assert.Contains("memory: \"lots\"", await environment.FailsAsync(
            agent, "create_vm", "web", ("image_url", "x"), ("cpu", 1), ("memory", "lots")), StringComparison.Ordinal);
        Assert.Contains("never managed", await environment.FailsAsync(
            agent, "create_vm", "web", [.. SmallVm, ("namespace", "kube-system")]), StringComparison.Ordinal);
        Assert.Contains("does not exist", await environment.FailsAsync(
            agent, "create_vm", "web", [.. SmallVm, ("namespace", "nowhere")]), StringComparison.Ordinal);
        Assert.Contains("\"fly_vm\" is not a known operation type", await environment.FailsAsync(agent, "fly_vm", "web"), StringComparison.Ordinal);
        Assert.NotNull(await environment.Cluster.FindVmAsync(environment.Namespace, "theirs"));
    }

    [Theory, OnSandbox, OnRealApiServer]
    public async Task Vms_are_listed_and_looked_up(ClusterKind kind)
    {
        await using var environment = await clusters.OnAsync(kind);
        var agent = await environment.StartAgentAsync();
        await environment.CompletesAsync(agent, "create_vm", "web", SmallVm);
        await environment.ReportsVmAsync(agent, "web", "running");

        var one = await environment.CompletesAsync(agent, "get_vm_status", "web");
        var list = await environment.CompletesAsync(agent, "list_vms", "web");
        var health = await environment.CompletesAsync(agent, "get_health", "web");

        Assert.Equal("running", (string?)one["status"]);
        Assert.Equal(1, (int?)list["count"]);
        Assert.Equal("web", (string?)list["vms"]![0]!["name"]);
        Assert.Equal("Healthy", (string?)health["state"]);
    }

    private static JsonObject ForeignVm(string name) => new()
    {
        ["apiVersion"] = "kubevirt.io/v1",
        ["kind"] = "VirtualMachine",
        ["metadata"] = new JsonObject { ["name"] = name },
        ["spec"] = new JsonObject
        {
            ["runStrategy"] = "Halted",
            ["template"] = new JsonObject { ["spec"] = new JsonObject { ["domain"] = new JsonObject { ["devices"] = new JsonObject() } } },
        },
    };
}
