using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using k8s;
using KubernetesSandbox.KubeVirt;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;

namespace KubernetesSandbox.Metrics;

/// <summary>
/// Plays metrics-server: <c>metrics.k8s.io/v1beta1</c> as an aggregated API, on the sandbox's cluster as on a real API server. Measured are
/// the nodes that the server has, and the pods of VMs that run, whether there are such pods or not.
/// </summary>
public sealed class SandboxMetrics : IAsyncDisposable
{
    internal const string Group = "metrics.k8s.io";
    internal const string Version = "v1beta1";

    private const string Namespace = "kube-system";
    private const string ServiceName = "metrics-server";
    private static readonly TimeSpan AvailabilityLimit = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan RemovalLimit = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan LookAgain = TimeSpan.FromMilliseconds(100);

    private readonly Kubernetes _client;
    private readonly ApiClient _api;
    private readonly MadeObjects _made;
    private readonly X509Certificate2 _certificate = LoopbackCertificate.Create($"{ServiceName}.{Namespace}.svc");
    private readonly WebApplication _app;
    private readonly ConcurrentDictionary<string, JsonObject?> _told = [];
    private bool _isStopped;
    private bool _isDisposed;

    private SandboxMetrics(SandboxMetricsOptions options)
    {
        _client = new Kubernetes(options.Connection);
        _api = new ApiClient(_client);
        _made = new MadeObjects(_api);
        _app = LoopbackServer.CreateBuilder(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => listen.UseHttps(_certificate))).Build();
        new MetricsEndpoints(_api, options, _told, () => Fault).Map(_app);
    }

    /// <summary>What is wrong from now on.</summary>
    public MetricsFault Fault { get; set; }

    /// <summary>Starts, and completes when the API can be reached through the API server.</summary>
    /// <exception cref="InvalidOperationException">The server has a metrics-server of its own, or does not reach this one.</exception>
    public static async Task<SandboxMetrics> StartAsync(SandboxMetricsOptions options, CancellationToken cancellationToken = default)
    {
        var metrics = new SandboxMetrics(options);
        try
        {
            await metrics._app.StartAsync(cancellationToken);
            await metrics.RegisterAsync(cancellationToken);
            return metrics;
        }
        catch
        {
            await metrics.DisposeAsync();
            throw;
        }
    }

    /// <summary>Says what is measured of a node from now on, whether there is one or not: quantities as they are, right or wrong.</summary>
    public void SetNode(string name, string cpu, string memory) => _told[name] = new JsonObject { ["cpu"] = cpu, ["memory"] = memory };

    /// <summary>Measures a node no more, though it is there.</summary>
    public void HideNode(string name) => _told[name] = null;

    /// <summary>Stops, and takes back what it registered at the API server.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_isDisposed) return;
        _isDisposed = true;
        using var limit = new CancellationTokenSource(RemovalLimit);
        try
        {
            await _made.RemoveAsync(limit.Token);
        }
        catch (Exception e) when (e is HttpRequestException or RefusedException or OperationCanceledException)
        {
            // The API server went first: there is nothing to take back.
        }
        await KillAsync();
        _client.Dispose();
        _certificate.Dispose();
    }

    /// <summary>Stops serving at once; what it registered stays, as when its pod is gone.</summary>
    public async Task KillAsync()
    {
        if (_isStopped) return;
        _isStopped = true;
        using var now = new CancellationTokenSource(TimeSpan.Zero);
        await _app.StopAsync(now.Token);
        await _app.DisposeAsync();
    }

    private async Task RegisterAsync(CancellationToken cancellationToken)
    {
        var port = LoopbackServer.UrlOf(_app).Port;
        await _made.EnsureNamespaceAsync(Namespace, cancellationToken);
        await _made.MakeAsync(Kinds.Service, Namespace, MadeObjects.LoopbackService(ServiceName), cancellationToken);
        await _made.MakeAsync(
            Kinds.ApiService, "", MadeObjects.ApiService(Group, Version, Namespace, ServiceName, port, _certificate.ExportCertificatePem()), cancellationToken);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(AvailabilityLimit);
        try
        {
            while (!await IsReachedAsync(limit.Token)) await Task.Delay(LookAgain, TimeProvider.System, limit.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new InvalidOperationException($"the API server did not reach {Group} on port {port} within {AvailabilityLimit.TotalSeconds} s");
        }
    }

    private async Task<bool> IsReachedAsync(CancellationToken cancellationToken)
    {
        try
        {
            await _api.GetAsync($"apis/{Group}/{Version}/nodes", cancellationToken);
            return true;
        }
        catch (RefusedException)
        {
            return false; // the API server has not looked yet
        }
    }
}
