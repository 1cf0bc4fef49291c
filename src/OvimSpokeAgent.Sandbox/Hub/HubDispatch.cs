using System.Collections.Concurrent;
using System.Net;
using System.Text.Json.Nodes;
using KubernetesSandbox;

namespace OvimSpokeAgent.Sandbox.Hub;

/// <summary>Brings operations to the agents in the way of the hub's kind.</summary>
internal sealed class HubDispatch(HubState state, SandboxHubOptions options) : IAsyncDisposable
{
    // The waits before the attempts of today's hub.
    private static readonly TimeSpan[] Waits =
        [TimeSpan.Zero, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(4)];

    private static readonly HttpStatusCode[] TriedAgain =
    [
        HttpStatusCode.TooManyRequests, HttpStatusCode.InternalServerError, HttpStatusCode.BadGateway,
        HttpStatusCode.ServiceUnavailable, HttpStatusCode.GatewayTimeout,
    ];

    private readonly OperationPush _push = new();
    private readonly ConcurrentDictionary<string, Uri> _spokes = new();
    private readonly ConcurrentDictionary<Task, bool> _sending = new();
    private readonly CancellationTokenSource _stop = new();

    /// <summary>Where today's hub reaches the agent of a zone: its configured list.</summary>
    public void SetSpoke(string zoneId, Uri url) => _spokes[zoneId] = url;

    /// <summary>Where the hub reaches an agent; null: nowhere.</summary>
    public Uri? UrlOf(ReceivedReport agent) => options.Kind is HubKind.Active
        ? state.CallbackOf(agent.AgentId)
        : _spokes.GetValueOrDefault(agent.Json.Text("zone_id") ?? "");

    /// <summary>Sends what people and tools queue.</summary>
    public void SendQueued(string agentId, JsonObject operation)
    {
        if (options.Kind is HubKind.Active) Own(PushOrQueueAsync(agentId, operation));
        else state.Queue(agentId, operation);
    }

    /// <summary>Sends the hub's own work.</summary>
    /// <param name="zoneId">The zone that it is for.</param>
    /// <param name="agentId">The agent that reports the zone; today's hub does not ask.</param>
    /// <param name="operation">The operation.</param>
    public void SendWork(string zoneId, string? agentId, JsonObject operation) =>
        Own(options.Kind is HubKind.Active && agentId is not null
            ? PushOrQueueAsync(agentId, operation)
            : PushOrLoseAsync(zoneId, operation));

    private async Task PushOrLoseAsync(string zoneId, JsonObject operation)
    {
        state.Operations.Pushing($"zone {zoneId}", operation);
        if (!_spokes.TryGetValue(zoneId, out var spoke))
        {
            state.Lose(operation, $"no spoke is configured for zone {zoneId}");
            return;
        }
        var why = "";
        foreach (var wait in Waits)
        {
            await Task.Delay(wait, options.TimeProvider, _stop.Token);
            (var status, why) = await _push.SendAsync(spoke, operation, null, _stop.Token);
            if (status is >= HttpStatusCode.OK and < HttpStatusCode.MultipleChoices)
            {
                state.Operations.Pushed(operation);
                return;
            }
            if (status is null || !TriedAgain.Contains(status.Value)) break;
        }
        // It goes into a queue that no poll asks for.
        state.Lose(operation, why);
    }

    private async Task PushOrQueueAsync(string agentId, JsonObject operation)
    {
        if (state.CallbackOf(agentId) is { } callback)
        {
            state.Operations.Pushing(agentId, operation);
            var (status, _) = await _push.SendAsync(callback, operation, operation.Text("id"), _stop.Token);
            if (status is HttpStatusCode.OK or HttpStatusCode.Accepted)
            {
                state.Operations.Pushed(operation);
                return;
            }
        }
        state.Queue(agentId, operation);
    }

    private void Own(Task sending)
    {
        _sending[sending] = true;
        sending.ContinueWith(
            done => _sending.TryRemove(done, out _), CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        try
        {
            await Task.WhenAll(_sending.Keys);
        }
        catch (OperationCanceledException)
        {
            // That is how they end.
        }
        _push.Dispose();
        _stop.Dispose();
    }
}
