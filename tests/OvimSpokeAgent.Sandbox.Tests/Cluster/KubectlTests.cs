using System.Text.Json.Nodes;
using KubernetesSandbox.Cluster;

namespace OvimSpokeAgent.Sandbox.Tests.Cluster;

/// <summary>A stock kubectl, of whatever version is installed, feels at home.</summary>
public sealed class KubectlTests : IAsyncLifetime, IDisposable
{
    private const string Manifest = """
        apiVersion: kubevirt.io/v1
        kind: VirtualMachine
        metadata: {name: web, namespace: shop, labels: {app: web}}
        spec: {runStrategy: Halted, template: {spec: {domain: {devices: {}}}}}
        ---
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: settings, namespace: shop}
        data: {color: red, size: "1"}
        ---
        apiVersion: v1
        kind: Pod
        metadata: {name: helper, namespace: shop}
        spec: {containers: [{name: one, image: first}, {name: two, image: second}]}
        """;

    private SandboxCluster _cluster = null!;
    private Kubectl _kubectl = null!;

    public async Task InitializeAsync()
    {
        _cluster = await SandboxCluster.StartAsync();
        _kubectl = new Kubectl(_cluster);
        _cluster.Objects("v1", "namespaces").Create(new() { ["metadata"] = new JsonObject { ["name"] = "shop" } });
    }

    public async Task DisposeAsync() => await _cluster.DisposeAsync();

    public void Dispose() => _kubectl.Dispose();

    [KubectlFact]
    public async Task It_sees_the_kinds_and_the_version()
    {
        var kinds = await _kubectl.RunAsync("api-resources --namespaced=true -o name");
        var version = await _kubectl.RunAsync("version -o json");

        Assert.Contains("virtualmachines.kubevirt.io", kinds, StringComparison.Ordinal);
        Assert.Contains("networkpolicies.networking.k8s.io", kinds, StringComparison.Ordinal);
        Assert.Equal(SandboxCluster.Version, (string?)JsonNode.Parse(version)!["serverVersion"]!["gitVersion"]);
    }

    [KubectlFact]
    public async Task It_applies_again_and_again()
    {
        var created = await _kubectl.RunAsync("apply -f -", Manifest);
        var unchanged = await _kubectl.RunAsync("apply -f -", Manifest);
        var configured = await _kubectl.RunAsync(
            "apply -f -",
            Manifest.Replace("Halted", "Always", StringComparison.Ordinal)
                .Replace(", size: \"1\"", "", StringComparison.Ordinal)
                .Replace("second", "third", StringComparison.Ordinal));

        Assert.Equal(3, Count(created, " created"));
        Assert.Equal(3, Count(unchanged, " unchanged"));
        Assert.Equal(3, Count(configured, " configured"));
        Assert.Equal("Always", (string?)_cluster.Objects("kubevirt.io/v1", "virtualmachines").Get("shop", "web")!["spec"]!["runStrategy"]);
        var data = _cluster.Objects("v1", "configmaps").Get("shop", "settings")!["data"]!.AsObject();
        Assert.Equal(["color"], data.Select(pair => pair.Key));
        var containers = _cluster.Objects("v1", "pods").Get("shop", "helper")!["spec"]!["containers"]!.AsArray();
        Assert.Equal(["first", "third"], containers.Select(one => (string?)one!["image"]));
    }

    [KubectlFact]
    public async Task It_applies_on_the_server_and_meets_conflicts()
    {
        await _kubectl.RunAsync("apply --server-side -f -", Manifest);
        await _kubectl.RunAsync("-n shop patch vm web --type merge -p {\"spec\":{\"runStrategy\":\"Always\"}}");

        var conflict = await _kubectl.FailAsync("apply --server-side -f -", Manifest);
        await _kubectl.RunAsync("apply --server-side --force-conflicts -f -", Manifest);

        Assert.Contains(".spec.runStrategy", conflict, StringComparison.Ordinal);
        Assert.Equal("Halted", await _kubectl.RunAsync("-n shop get vm web -o jsonpath={.spec.runStrategy}"));
    }

    [KubectlFact]
    public async Task It_shows_objects_in_columns()
    {
        await _kubectl.RunAsync("apply -f -", Manifest);
        _cluster.Objects("kubevirt.io/v1", "virtualmachines").Patch(
            "shop", "web", new() { ["status"] = new JsonObject { ["printableStatus"] = "Stopped" } }, "status");

        var table = (await _kubectl.RunAsync("-n shop get vm")).Split('\n');
        var selected = await _kubectl.RunAsync("get vms -A -l app=web -o name");
        var nothing = await _kubectl.RunAsync("get vms -A -l app=other -o name");
        var described = await _kubectl.RunAsync("-n shop describe vm/web");

        Assert.Equal(["NAME", "STATUS", "READY", "AGE"], table[0].Split(' ', StringSplitOptions.RemoveEmptyEntries));
        Assert.Equal(["web", "Stopped"], table[1].Split(' ', StringSplitOptions.RemoveEmptyEntries)[..2]);
        Assert.Equal(("virtualmachine.kubevirt.io/web", ""), (selected, nothing));
        Assert.Contains("Run Strategy:  Halted", described, StringComparison.Ordinal);
    }

    [KubectlFact]
    public async Task It_creates_labels_edits_and_deletes()
    {
        await _kubectl.RunAsync("create namespace garden");
        await _kubectl.RunAsync("-n garden create secret generic key --from-literal=color=green");
        await _kubectl.RunAsync("-n garden label secret key kind=flower");
        await _kubectl.RunAsync("-n garden patch secret key -p {\"metadata\":{\"annotations\":{\"a\":\"b\"}}}");
        var secret = _cluster.Objects("v1", "secrets").Get("garden", "key")!;
        await _kubectl.RunAsync("-n garden delete secret key");
        var gone = await _kubectl.FailAsync("-n garden get secret key");
        await _kubectl.RunAsync("delete namespace garden");

        Assert.Equal("Z3JlZW4=", (string?)secret["data"]!["color"]);
        Assert.Equal("flower", (string?)secret["metadata"]!["labels"]!["kind"]);
        Assert.Equal("b", (string?)secret["metadata"]!["annotations"]!["a"]);
        Assert.Contains("secrets \"key\" not found", gone, StringComparison.Ordinal);
        Assert.Null(_cluster.Objects("v1", "namespaces").Get("", "garden"));
    }

    [KubectlFact]
    public async Task It_waits_for_a_condition()
    {
        await _kubectl.RunAsync("apply -f -", Manifest);
        _cluster.Requests.Clear();
        var waiting = _kubectl.RunAsync("-n shop wait vm/web --for=condition=Ready --timeout=60s");
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        await _cluster.Requests.FirstAsync(one => one is { IsWatch: true, Resource: "virtualmachines" }, patience.Token);

        _cluster.Objects("kubevirt.io/v1", "virtualmachines").Patch("shop", "web", new()
        {
            ["status"] = new JsonObject { ["conditions"] = new JsonArray(new JsonObject { ["type"] = "Ready", ["status"] = "True" }) },
        }, "status");

        Assert.Contains("condition met", await waiting, StringComparison.Ordinal);
    }

    [KubectlFact]
    public async Task It_is_told_what_it_may_not_do()
    {
        _cluster.Access.Deny(new DeniedAccess { Verb = "list", Resource = "secrets" });

        var answer = await _kubectl.FailAsync("get secrets -A");

        Assert.Contains("User \"sandbox\" cannot list resource \"secrets\"", answer, StringComparison.Ordinal);
        Assert.StartsWith("no", await _kubectl.OutputAsync("auth can-i list secrets"), StringComparison.Ordinal);
        Assert.StartsWith("yes", await _kubectl.OutputAsync("auth can-i list configmaps"), StringComparison.Ordinal);
    }

    private static int Count(string text, string ending) => text.Split('\n').Count(line => line.EndsWith(ending, StringComparison.Ordinal));
}
