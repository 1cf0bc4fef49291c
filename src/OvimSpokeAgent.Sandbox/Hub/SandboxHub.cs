using System.Net;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;

namespace OvimSpokeAgent.Sandbox.Hub;

/// <summary>How a hub answers when nothing is queued.</summary>
public enum EmptyAnswer
{
    NoContent,
    EmptyArray,
    Null,
}

/// <summary>How the sandbox's hub behaves.</summary>
public sealed record SandboxHubOptions
{
    /// <summary>0: any free one.</summary>
    public int Port { get; init; }

    /// <summary>The bearer token that agents must show.</summary>
    public string Token { get; init; } = "sandbox-token";

    /// <summary>Serves TLS with the certificate this gives, asked for each connection; null: plain HTTP.</summary>
    public Func<X509Certificate2>? Certificate { get; init; }

    /// <summary>Demands client certificates and says which are accepted; null: demands none.</summary>
    public Func<X509Certificate2, bool>? AcceptsClient { get; init; }

    /// <summary>Takes compressed reports, and says so.</summary>
    public bool TakesGzip { get; init; }

    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;

    public EmptyAnswer EmptyAnswer { get; init; } = EmptyAnswer.NoContent;

    /// <summary>Answers polls with <c>{"operations":[…]}</c> instead of an array.</summary>
    public bool WrapOperations { get; init; }

    /// <summary>Hands out work only to agents that say this word (older hubs: <c>active</c>); null: to all.</summary>
    public string? OnlyForStatus { get; init; }
}

/// <summary>
/// The hub's side of the contract with its quirks: the queue is emptied on delivery, ids repeat within a second, results
/// are kept by id and the last one wins, everything is in memory. With faults on demand.
/// </summary>
public sealed class SandboxHub : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly HubState _state;

    private SandboxHub(WebApplication app, HubState state, HubFaults faults) =>
        (_app, _state, Faults) = (app, state, faults);

    /// <summary>The bearer token that agents must show from now on.</summary>
    public string Token
    {
        get => _state.Token;
        set => _state.Token = value;
    }

    /// <summary>Where agents and operators reach it.</summary>
    public Uri Url { get; private set; } = new("http://localhost");

    public HubFaults Faults { get; }

    /// <summary>How many connections there were.</summary>
    public int Connections => _state.Connections;

    /// <summary>All results in the order in which they came, repeats included.</summary>
    public IReadOnlyList<ReceivedResult> Results => _state.Results;

    /// <summary>The latest reports, oldest first.</summary>
    public IReadOnlyList<ReceivedReport> Reports => _state.Reports;

    /// <summary>The last report of each agent.</summary>
    public IReadOnlyList<ReceivedReport> Agents => _state.Agents;

    /// <exception cref="IOException">The port is in use.</exception>
    public static async Task<SandboxHub> StartAsync(
        SandboxHubOptions? options = null, CancellationToken cancellationToken = default)
    {
        options ??= new SandboxHubOptions();
        var (state, faults) = (new HubState(options), new HubFaults());
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Services.AddRequestDecompression();
        builder.WebHost.ConfigureKestrel(kestrel =>
            kestrel.Listen(IPAddress.Loopback, options.Port, listener =>
            {
                listener.Use(next => connection =>
                {
                    state.Connected();
                    return next(connection);
                });
                UseTls(listener, options);
            }));
        var app = builder.Build();
        app.Use((context, next) => HubFaultMiddleware.InvokeAsync(context, next, faults));
        if (options.TakesGzip) AgentEndpoints.UseDecompression(app);
        AgentEndpoints.Map(app, state, options);
        OperatorEndpoints.Map(app, state, faults);
        var hub = new SandboxHub(app, state, faults);
        try
        {
            await app.StartAsync(cancellationToken);
        }
        catch
        {
            await app.DisposeAsync();
            throw;
        }
        hub.Url = new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single());
        return hub;
    }

    /// <summary>Queues an operation for an agent, as a hub does: new id (a second's resolution), new timestamp.</summary>
    /// <returns>The operation's id.</returns>
    public string Queue(string agentId, string type, JsonObject payload, string? id = null, int? timeoutSeconds = null)
    {
        id ??= _state.NewId();
        var operation = new JsonObject
        {
            ["id"] = id,
            ["type"] = type,
            ["payload"] = payload,
            ["timestamp"] = _state.NewTimestamp(),
            ["retry_count"] = 0,
        };
        if (timeoutSeconds is { } seconds) operation["timeout_seconds"] = seconds;
        _state.Queue(agentId, operation);
        return id;
    }

    /// <summary>Queues anything, well formed or not.</summary>
    public void QueueRaw(string agentId, JsonNode? operation) => _state.Queue(agentId, operation);

    /// <summary>How many operations wait for an agent.</summary>
    public int Queued(string agentId) => _state.Queued(agentId);

    /// <summary>The first result for an id; waits for it.</summary>
    public Task<ReceivedResult> ResultOfAsync(string id, CancellationToken cancellationToken) =>
        _state.Changed.WaitForAsync(
            () => _state.Results.FirstOrDefault(result => result.OperationId == id), cancellationToken);

    /// <summary>Waits until all results so far satisfy a condition.</summary>
    public async Task WaitForResultsAsync(
        Func<IReadOnlyList<ReceivedResult>, bool> condition, CancellationToken cancellationToken) =>
        await _state.Changed.WaitForAsync(
            () => _state.Results is var results && condition(results) ? results : null, cancellationToken);

    /// <summary>The latest report that satisfies a condition; waits for it.</summary>
    public Task<ReceivedReport> ReportAsync(Func<ReceivedReport, bool> condition, CancellationToken cancellationToken) =>
        _state.Changed.WaitForAsync(() => _state.Reports.LastOrDefault(condition), cancellationToken);

    /// <summary>Forgets everything, as a hub does that restarts.</summary>
    public void Restart() => _state.Forget();

    private static void UseTls(ListenOptions listener, SandboxHubOptions options)
    {
        if (options.Certificate is not { } certificate) return;
        listener.UseHttps(https =>
        {
            https.ServerCertificateSelector = (_, _) => certificate();
            if (options.AcceptsClient is not { } accepts) return;
            https.ClientCertificateMode = ClientCertificateMode.RequireCertificate;
            https.ClientCertificateValidation = (client, _, _) => accepts(client);
        });
    }

    public async ValueTask DisposeAsync()
    {
        using var soon = new CancellationTokenSource(TimeSpan.FromSeconds(2));
        await _app.StopAsync(soon.Token);
        await _app.DisposeAsync();
    }
}
