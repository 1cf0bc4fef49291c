using System.Net;
using System.Text.Json.Nodes;
using KubernetesSandbox;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;

namespace OvimSpokeAgent.Sandbox.Hub;

/// <summary>
/// The hub's side of the contract with its quirks, as one of the hubs that exist: the queue is emptied on delivery, ids repeat
/// within a second, results are kept by id and the last one wins, VDCs move on by what results look like, everything is in
/// memory. With faults on demand.
/// </summary>
public sealed class SandboxHub : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly HubState _state;
    private readonly HubDispatch _dispatch;
    private readonly VdcWork _work;

    private readonly AgentProbes _probes;

    private SandboxHub(
        WebApplication app, HubState state, HubDispatch dispatch, VdcWork work, AgentProbes probes, HubFaults faults) =>
        (_app, _state, _dispatch, _work, _probes, Faults) = (app, state, dispatch, work, probes, faults);

    /// <summary>The bearer token that agents must show from now on.</summary>
    public string Token
    {
        get => _state.Token;
        set => _state.Token = value;
    }

    /// <summary>
    /// The templates that it gives to agents that ask for them, an array as JSON; null, as for hubs that have none: 404. A restart leaves
    /// an empty array.
    /// </summary>
    public string? Templates
    {
        get => _state.Templates;
        set => _state.Templates = value;
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

    /// <summary>The VDCs that it made and that are not gone.</summary>
    public IReadOnlyList<HubVdc> Vdcs => _state.Vdcs.All;

    /// <summary>The operations that no agent will get.</summary>
    public IReadOnlyList<LostOperation> Lost => _state.Lost;

    /// <exception cref="IOException">The port is in use.</exception>
    public static async Task<SandboxHub> StartAsync(
        SandboxHubOptions? options = null, CancellationToken cancellationToken = default)
    {
        options ??= new SandboxHubOptions();
        var (state, faults) = (new HubState(options), new HubFaults());
        var dispatch = new HubDispatch(state, options);
        var work = new VdcWork(state, dispatch, options);
        var probes = new AgentProbes(() => state.Agents.Select(dispatch.UrlOf).OfType<Uri>(), state.Changed, options.TimeProvider);
        var builder = LoopbackServer.CreateBuilder(kestrel =>
            kestrel.Listen(IPAddress.Loopback, options.Port, listener =>
            {
                listener.Use(next => connection =>
                {
                    state.Connected();
                    return next(connection);
                });
                UseTls(listener, options);
            }));
        builder.Services.AddRequestDecompression();
        var app = builder.Build();
        app.Use(OperatorGuard.InvokeAsync);
        app.Use((context, next) => HubFaultMiddleware.InvokeAsync(context, next, faults));
        if (options.TakesGzip) AgentEndpoints.UseDecompression(app);
        AgentEndpoints.Map(app, state, options);
        HubIndex.Map(app, options);
        OperatorEndpoints.Map(app, state, dispatch, IsAlive, faults);
        HubPage.Map(app, new HubSnapshot(state, options, IsAlive));
        VdcEndpoints.Map(app, state, work);
        var hub = new SandboxHub(app, state, dispatch, work, probes, faults);
        try
        {
            await app.StartAsync(cancellationToken);
        }
        catch
        {
            await hub.DisposeAsync();
            throw;
        }
        hub.Url = LoopbackServer.UrlOf(app);
        return hub;

        bool? IsAlive(ReceivedReport agent) => probes.IsAlive(dispatch.UrlOf(agent));
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

    /// <summary>Where today's hub sends the VDC work of a zone: its configured list of spokes.</summary>
    /// <param name="zoneId">The zone.</param>
    /// <param name="url">The base of the agent's endpoints.</param>
    public void SetSpoke(string zoneId, Uri url) => _dispatch.SetSpoke(zoneId, url);

    /// <summary>Makes a VDC and brings the work to the agent, in the hub's own way.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="asked">Its <c>zone_id</c>, and what else is to stand in the payload.</param>
    /// <exception cref="HubRefusedException">The hub does not.</exception>
    public HubVdc CreateVdc(string name, JsonObject asked) => _work.Create(name, asked);

    /// <summary>Deletes a VDC.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="vmCount">How many VMs the hub's database knows in there.</param>
    /// <exception cref="HubRefusedException">The hub does not.</exception>
    public HubVdc DeleteVdc(string name, int vmCount = 0) => _work.Delete(name, vmCount);

    /// <summary>Waits until something holds of what the hub knows.</summary>
    public async Task WaitForAsync(Func<SandboxHub, bool> condition, CancellationToken cancellationToken) =>
        await _state.Changed.WaitForAsync(() => condition(this) ? this : null, cancellationToken);

    /// <summary>Whether an agent answered the hub's last question, once a minute; null: it was not asked.</summary>
    public bool? IsAlive(string agentId) =>
        Agents.FirstOrDefault(agent => agent.AgentId == agentId) is { } agent ? _probes.IsAlive(_dispatch.UrlOf(agent)) : null;

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
        await _probes.DisposeAsync();
        await _dispatch.DisposeAsync();
        using var soon = new CancellationTokenSource(TimeSpan.FromSeconds(2));
        await _app.StopAsync(soon.Token);
        await _app.DisposeAsync();
    }
}
