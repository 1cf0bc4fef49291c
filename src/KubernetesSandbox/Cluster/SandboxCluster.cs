using System.Net;
using System.Text.Json.Nodes;
using k8s;
using Microsoft.AspNetCore.Builder;

namespace KubernetesSandbox.Cluster;

/// <summary>
/// A Kubernetes API server in memory, with the controllers that every control plane has: namespaces end, owners take what
/// they own along, CustomResourceDefinitions make kinds. Plain HTTP on loopback; whoever comes may do everything that is
/// not denied. With faults on demand.
/// </summary>
public sealed class SandboxCluster : IAsyncDisposable
{
    private readonly ClusterParts _parts;
    private readonly WebApplication _app;
    private readonly CancellationTokenSource _stopping;
    private Task _controllers = Task.CompletedTask;

    private SandboxCluster(ClusterParts parts, WebApplication app, CancellationTokenSource stopping) =>
        (_parts, _app, _stopping) = (parts, app, stopping);

    /// <summary>The version of Kubernetes that it answers as and announces.</summary>
    public const string Version = KubernetesVersion.Git;

    /// <summary>Where clients and operators reach it.</summary>
    public Uri Url { get; private set; } = new("http://localhost");

    /// <summary>What goes wrong with requests and watches.</summary>
    public ClusterFaults Faults => _parts.Seams.Faults;

    /// <summary>The requests that came.</summary>
    public ClusterRequests Requests => _parts.Seams.Requests;

    /// <summary>What is denied.</summary>
    public AccessRules Access => _parts.Seams.Access;

    /// <summary>How many watches run; of one kind if its plural is given.</summary>
    public int WatchCount(string? resource = null) => _parts.Running.Count(resource);

    /// <exception cref="IOException">The port is in use.</exception>
    public static async Task<SandboxCluster> StartAsync(
        SandboxClusterOptions? options = null, CancellationToken cancellationToken = default)
    {
        options ??= new SandboxClusterOptions();
        var stopping = new CancellationTokenSource();
        var parts = ClusterParts.Make(options, stopping.Token);
        var builder = LoopbackServer.CreateBuilder(kestrel =>
        {
            kestrel.Listen(IPAddress.Loopback, options.Port);
            if (options.AlsoOn is { } other) kestrel.Listen(other.EndPoint);
            kestrel.Limits.MinResponseDataRate = null; // a watch may be read slowly, or not at all
        });
        if (options.AlsoOn is { Transport: { } transport }) builder.Services.AddSingleton(transport);
        var app = builder.Build();
        ClusterOperatorEndpoints.Map(app, parts);
        app.MapFallback("{**path}", parts.Server.HandleAsync);
        var cluster = new SandboxCluster(parts, app, stopping);
        try
        {
            await app.StartAsync(cancellationToken);
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
        cluster.Url = LoopbackServer.UrlOf(app);
        cluster._controllers = Task.WhenAll(
            parts.Controllers.RunAsync(stopping.Token), parts.Aggregation.RunAsync(stopping.Token));
        return cluster;
    }

    /// <summary>Reads and writes objects of a kind past the wire: no faults, no access rules, not counted.</summary>
    /// <param name="apiVersion">e.g. <c>v1</c>, <c>kubevirt.io/v1</c>.</param>
    /// <param name="plural">e.g. <c>secrets</c>.</param>
    public ClusterObjects Objects(string apiVersion, string plural) => new(_parts, apiVersion, plural);

    /// <summary>The text of a kubeconfig for this cluster.</summary>
    /// <param name="user">The user's name, which is the bearer token too.</param>
    public string Kubeconfig(string user = "sandbox") => ClusterKubeconfig.Text(Url, user);

    /// <summary>What the client library needs to reach this cluster.</summary>
    /// <param name="user">The user's name, which is the bearer token too.</param>
    public KubernetesClientConfiguration ClientConfiguration(string user = "sandbox") =>
        new() { Host = Url.ToString(), AccessToken = user };

    /// <summary>Writes a kubeconfig.</summary>
    /// <returns>The path.</returns>
    public string WriteKubeconfig(string path, string user = "sandbox")
    {
        File.WriteAllText(path, Kubeconfig(user));
        return path;
    }

    /// <summary>Adds the kinds of KubeVirt and CDI, as installing them does.</summary>
    public void InstallKubeVirt() => _parts.InstallKubeVirt();

    /// <summary>Takes a kind that a CustomResourceDefinition made away, with all objects, whatever their finalizers.</summary>
    /// <param name="definition">The definition's name, e.g. <c>virtualmachines.kubevirt.io</c>.</param>
    /// <param name="cancellationToken">Ends the wait for it to be gone.</param>
    public async Task RemoveKindAsync(string definition, CancellationToken cancellationToken)
    {
        var definitions = Objects("apiextensions.k8s.io/v1", "customresourcedefinitions");
        var spec = definitions.Get("", definition)?["spec"]
            ?? throw new ArgumentException($"there is no CustomResourceDefinition {definition}", nameof(definition));
        var version = (spec.Items("versions") ?? []).Select(one => one.Text("name")).First();
        var objects = Objects($"{spec.Text("group")}/{version}", spec.Text("names", "plural")!);
        definitions.Delete("", definition);
        foreach (var one in objects.List())
        {
            objects.Patch(
                one.Text("metadata", "namespace") ?? "",
                one.Text("metadata", "name")!,
                new JsonObject { ["metadata"] = new JsonObject { ["finalizers"] = null } });
        }
        await definitions.WaitUntilGoneAsync("", definition, cancellationToken);
    }

    /// <summary>Stops the server and its controllers; throws what broke one of them.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        using var soon = new CancellationTokenSource(TimeSpan.FromSeconds(2));
        await _app.StopAsync(soon.Token);
        await _app.DisposeAsync();
        _parts.Connections.Dispose();
        _stopping.Dispose();
        try
        {
            await _controllers; // what broke one shows here
        }
        catch (OperationCanceledException)
        {
            // They were told to stop.
        }
    }
}
