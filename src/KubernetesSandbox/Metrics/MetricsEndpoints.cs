using System.Globalization;
using System.Text.Json.Nodes;
using KubernetesSandbox.Cluster;
using KubernetesSandbox.KubeVirt;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace KubernetesSandbox.Metrics;

/// <summary>What metrics-server answers.</summary>
/// <param name="api">Where the nodes and VMs are.</param>
/// <param name="options">How much they use.</param>
/// <param name="told">What a test says of nodes; null: nothing is measured.</param>
/// <param name="fault">What is wrong.</param>
internal sealed class MetricsEndpoints(
    ApiClient api, SandboxMetricsOptions options, IReadOnlyDictionary<string, JsonObject?> told, Func<MetricsFault> fault)
{
    private const string Root = $"/apis/{SandboxMetrics.Group}/{SandboxMetrics.Version}";
    private const string ApiVersion = $"{SandboxMetrics.Group}/{SandboxMetrics.Version}";

    private static readonly string[] VcpuFields = ["sockets", "cores", "threads"];

    // KubeVirt's own part of a VM's pod.
    private const long LauncherBytes = 200L << 20;

    public void Map(WebApplication app)
    {
        app.Use(FailAsync);
        app.MapGet(Root, context => AnswerAsync(context, 200, Discovery()));
        app.MapGet($"{Root}/nodes", context => ListAsync(context, "NodeMetricsList", NodesAsync));
        app.MapGet($"{Root}/nodes/{{name}}", context => GetAsync(context, "nodes", NodesAsync));
        app.MapGet($"{Root}/pods", context => ListAsync(context, "PodMetricsList", PodsAsync));
        app.MapGet($"{Root}/namespaces/{{ns}}/pods", context => ListAsync(context, "PodMetricsList", PodsAsync));
        app.MapGet($"{Root}/namespaces/{{ns}}/pods/{{name}}", context => GetAsync(context, "pods", PodsAsync));
        app.MapFallback(context => AnswerAsync(context, 404, Status(404, "NotFound", "the server could not find the requested resource")));
    }

    private async Task FailAsync(HttpContext context, RequestDelegate next)
    {
        switch (fault())
        {
            case MetricsFault.Silent:
                await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, context.RequestAborted)
                    .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                return;
            case MetricsFault.Unavailable:
                await AnswerAsync(context, 503, Status(503, "ServiceUnavailable", "metrics not available yet"));
                return;
            case MetricsFault.Unauthorized:
                await AnswerAsync(context, 401, Status(401, "Unauthorized", "Unauthorized"));
                return;
            case MetricsFault.Unreadable:
                await AnswerAsync(context, 200, new JsonObject { ["kind"] = "Surprise" });
                return;
            default:
                await next(context);
                return;
        }
    }

    private async Task<IEnumerable<JsonObject>> NodesAsync(CancellationToken cancellationToken)
    {
        var nodes = (await api.GetAsync(Kinds.Node.Path(""), cancellationToken)).Objects("items").ToDictionary(node => node.NameOf().Name);
        return nodes.Keys.Union(told.Keys).Order(StringComparer.Ordinal)
            .Select(name => (Name: name, Usage: told.TryGetValue(name, out var said) ? said?.Copy() : ShareOf(nodes[name])))
            .Where(node => node.Usage is not null)
            .Select(node => Measured("NodeMetrics", "", node.Name, nodes.GetValueOrDefault(node.Name).Map("metadata", "labels"), "usage", node.Usage!));
    }

    // A node without capacity is no machine yet.
    private JsonObject? ShareOf(JsonObject node) =>
        AmountOf(node.Text("status", "capacity", "cpu")) is { } cpu && AmountOf(node.Text("status", "capacity", "memory")) is { } memory
            ? Usage(cpu * options.Share, memory * options.Share)
            : null;

    private async Task<IEnumerable<JsonObject>> PodsAsync(CancellationToken cancellationToken)
    {
        var vmis = await api.FindAsync(Kinds.Vmi.Path(""), cancellationToken);
        return vmis.Objects("items").Where(vmi => vmi.Text("status", "phase") == "Running").Select(PodOf);
    }

    private JsonObject PodOf(JsonObject vmi)
    {
        var (ns, name) = (vmi.NameOf().Namespace, vmi.NameOf().Name);
        var vcpus = VcpuFields.Aggregate(1L, (product, part) => product * (vmi.Number("spec", "domain", "cpu", part) ?? 1));
        var memory = AmountOf(vmi.Text("spec", "domain", "memory", "guest")) ?? 0;
        var labels = new JsonObject { ["kubevirt.io"] = "virt-launcher", ["kubevirt.io/created-by"] = vmi.UidOf(), ["vm.kubevirt.io/name"] = name };
        var container = new JsonObject { ["name"] = "compute", ["usage"] = Usage(vcpus * options.Share, (memory * options.Share) + LauncherBytes) };
        return Measured("PodMetrics", ns, $"virt-launcher-{name}-{vmi.UidOf()[..5]}", labels, "containers", new JsonArray(container));
    }

    private JsonObject Measured(string kind, string ns, string name, JsonObject? labels, string field, JsonNode value)
    {
        var now = options.TimeProvider.GetUtcNow().ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
        var metadata = new JsonObject { ["name"] = name, ["creationTimestamp"] = now };
        if (ns.Length > 0) metadata["namespace"] = ns;
        if (labels is not null) metadata["labels"] = labels.DeepClone();
        return new JsonObject
        {
            ["kind"] = kind,
            ["apiVersion"] = ApiVersion,
            ["metadata"] = metadata,
            ["timestamp"] = now,
            ["window"] = "15s",
            [field] = value,
        };
    }

    // As metrics-server writes them.
    private static JsonObject Usage(double cores, double bytes) => new()
    {
        ["cpu"] = string.Create(CultureInfo.InvariantCulture, $"{cores * 1e9:0}n"),
        ["memory"] = string.Create(CultureInfo.InvariantCulture, $"{bytes / 1024:0}Ki"),
    };

    private static double? AmountOf(string? quantity) =>
        quantity is not null && QuantityText.Parse(quantity) is { } amount ? (double)amount.Billionths / 1e9 : null;

    private static async Task ListAsync(HttpContext context, string kind, Func<CancellationToken, Task<IEnumerable<JsonObject>>> read)
    {
        var selector = LabelSelector.Parse(context.Request.Query["labelSelector"]);
        var ns = (string?)context.Request.RouteValues["ns"];
        var items = (await read(context.RequestAborted)).Where(item => selector.Matches(item) && (ns is null || item.NameOf().Namespace == ns));
        await AnswerAsync(context, 200, new JsonObject
        {
            ["kind"] = kind,
            ["apiVersion"] = ApiVersion,
            ["metadata"] = new JsonObject(),
            ["items"] = new JsonArray([.. items]),
        });
    }

    private static async Task GetAsync(HttpContext context, string resource, Func<CancellationToken, Task<IEnumerable<JsonObject>>> read)
    {
        var name = new ObjectName((string?)context.Request.RouteValues["ns"] ?? "", (string)context.Request.RouteValues["name"]!);
        var found = (await read(context.RequestAborted)).FirstOrDefault(item => item.NameOf() == name);
        if (found is not null)
        {
            await AnswerAsync(context, 200, found);
            return;
        }
        var missing = Status(404, "NotFound", $"{resource}.{SandboxMetrics.Group} \"{name.Name}\" not found");
        missing["details"] = new JsonObject { ["name"] = name.Name, ["group"] = SandboxMetrics.Group, ["kind"] = resource };
        await AnswerAsync(context, 404, missing);
    }

    private static JsonObject Discovery() => new()
    {
        ["kind"] = "APIResourceList",
        ["apiVersion"] = "v1",
        ["groupVersion"] = ApiVersion,
        ["resources"] = new JsonArray(Resource("nodes", "NodeMetrics", false), Resource("pods", "PodMetrics", true)),
    };

    private static JsonObject Resource(string name, string kind, bool isNamespaced) => new()
    {
        ["name"] = name,
        ["singularName"] = "",
        ["namespaced"] = isNamespaced,
        ["kind"] = kind,
        ["verbs"] = new JsonArray("get", "list"),
    };

    private static JsonObject Status(int code, string reason, string message) => new()
    {
        ["kind"] = "Status",
        ["apiVersion"] = "v1",
        ["metadata"] = new JsonObject(),
        ["status"] = "Failure",
        ["message"] = message,
        ["reason"] = reason,
        ["code"] = code,
    };

    private static Task AnswerAsync(HttpContext context, int code, JsonObject body)
    {
        context.Response.StatusCode = code;
        context.Response.ContentType = "application/json";
        return context.Response.WriteAsync(body.ToJsonString(), context.RequestAborted);
    }
}
