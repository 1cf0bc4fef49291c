using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using OvimSpokeAgent.Agent;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Sandbox.Hub;

namespace OvimSpokeAgent.EndToEnd.Tests.Harness;

/// <summary>The agent's host in this process, configured by <c>OVIM_*</c> variables alone, and what a test asks of it.</summary>
internal sealed class TestAgent : IAsyncDisposable
{
    private readonly WebApplication _host;
    private readonly HttpClient _http = new();

    private TestAgent(WebApplication host, string agentId, RequestLog requests) =>
        (_host, Id, ClusterRequests) = (host, agentId, requests);

    /// <summary>The id under which the hub queues work for it.</summary>
    public string Id { get; }

    /// <summary>The requests it made to the API server.</summary>
    public RequestLog ClusterRequests { get; }

    /// <summary>Where its endpoints are.</summary>
    public Uri Url => new(_host.Urls.First()); // those of the local API come after

    /// <summary>Where its status page is.</summary>
    public Uri LocalUrl => AgentHost.LocalApiUrl(_host)!;

    /// <summary>A part of it.</summary>
    public T Service<T>()
        where T : notnull => _host.Services.GetRequiredService<T>();

    /// <summary>Stops it as SIGTERM does.</summary>
    public Task StopAsync() => _host.StopAsync();

    /// <summary>The variables of an agent for a test: quick intervals, any free port.</summary>
    public static Dictionary<string, string> Variables(Uri hub, string kubeconfig, string ns) => new()
    {
        ["OVIM_CLUSTER_ID"] = "cluster-1",
        ["OVIM_ZONE_ID"] = ns,
        ["OVIM_HUB_ENDPOINT"] = hub.ToString(),
        ["OVIM_HUB_TOKEN"] = new SandboxHubOptions().Token,
        ["OVIM_HUB_POLL_INTERVAL"] = "200ms",
        ["OVIM_HEARTBEAT_INTERVAL"] = "1s",
        ["OVIM_HEALTH_CHECK_INTERVAL"] = "1s",
        ["OVIM_NAMESPACE"] = ns,
        ["OVIM_KUBECONFIG"] = kubeconfig,
        ["OVIM_HTTP_ADDRESS"] = "127.0.0.1",
        ["OVIM_HTTP_PORT"] = "0",
        ["OVIM_DEBUG_PORT"] = "0",
        ["OVIM_LOG_FORMAT"] = "text",
        ["OVIM_LOG_LEVEL"] = "warn",
    };

    [SuppressMessage("Reliability", "CA2000", Justification = "The agent owns its host.")]
    public static async Task<TestAgent> StartAsync(
        IReadOnlyDictionary<string, string> variables, Action<IServiceCollection>? customize = null)
    {
        var requests = new RequestLog();
        var host = AgentHost.Build(variables, services =>
        {
            services.AddSingleton<ClusterHandlerFactory>(() => new RequestLogHandler(requests));
            customize?.Invoke(services);
        });
        await host.StartAsync();
        return new TestAgent(host, $"spoke-agent-{variables["OVIM_ZONE_ID"]}", requests);
    }

    /// <summary>The answer of an endpoint: status and text.</summary>
    public async Task<(HttpStatusCode Status, string Text)> GetAsync(string path)
    {
        using var response = await _http.GetAsync(new Uri(Url, path));
        return (response.StatusCode, await response.Content.ReadAsStringAsync());
    }

    /// <summary>The health document.</summary>
    public async Task<JsonObject> HealthAsync() => JsonNode.Parse((await GetAsync("health/status")).Text)!.AsObject();

    /// <summary>A metric's value by its name and labels as Prometheus prints them.</summary>
    public async Task<double> MetricAsync(string name)
    {
        var (_, text) = await GetAsync("metrics");
        var line = text.Split('\n').Single(line => line.StartsWith(name + " ", StringComparison.Ordinal));
        return double.Parse(line.Split(' ')[^1], CultureInfo.InvariantCulture);
    }

    /// <summary>All that it says now: health and metrics, unless they speak TLS, and the bundle of its local API.</summary>
    /// <returns>Empty if it was stopped.</returns>
    public async Task<IReadOnlyList<string>> SaysAsync()
    {
        if (Service<IHostApplicationLifetime>().ApplicationStopping.IsCancellationRequested) return [];
        var said = new List<string>();
        if (Url.Scheme == Uri.UriSchemeHttp) said.AddRange([(await GetAsync("health/status")).Text, (await GetAsync("metrics")).Text]);
        if (AgentHost.LocalApiUrl(_host) is { } local) said.Add(await _http.GetStringAsync(new Uri(local, "debug/report")));
        return said;
    }

    public async ValueTask DisposeAsync()
    {
        await _host.StopAsync();
        await _host.DisposeAsync();
        _http.Dispose();
    }
}
