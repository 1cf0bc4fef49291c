using System.Text.Json;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Health;
using OvimSpokeAgent.Hub;
using OvimSpokeAgent.Logging;
using OvimSpokeAgent.Operations;
using OvimSpokeAgent.Supervision;

namespace OvimSpokeAgent.Agent;

/// <summary>Joins the hub's polling with the operations: takes only what the cluster can store and carry out.</summary>
internal sealed class OperationIntake(
    ClusterConnectivity connectivity,
    IEnumerable<IWatchCacheStatus> caches,
    OperationLoop operations,
    OperationProcessor processor,
    OperationRegistry registry,
    HealthReporter health,
    HubConnection hub,
    ReportErrors errors,
    TimeProvider time) : IOperationIntake
{
    // The hub gives a push 30 s. Short troubles are waited for, long ones are the hub's to wait for.
    private static readonly TimeSpan ReadyLimit = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan StoreLimit = TimeSpan.FromSeconds(20);

    private readonly PossibleLosses _losses = new(errors, time);

    public async Task WaitUntilReadyAsync(CancellationToken cancellationToken)
    {
        foreach (var cache in caches.Where(cache => cache.IsAwaited)) await cache.WaitForFirstAnswerAsync(cancellationToken);
        do
        {
            await connectivity.WaitUntilReachableAsync(cancellationToken);
            await operations.WaitUntilReadyAsync(cancellationToken);
        }
        while (!connectivity.IsReachable);
    }

    public IPollIntake Begin() => new Poll(processor.Begin(CancellationToken.None), _losses);

    public async Task<(IntakeOutcome Outcome, string? Problem)> AcceptPushedAsync(
        ReadOnlyMemory<byte> operation, CancellationToken cancellationToken)
    {
        using (var document = JsonDocument.Parse(operation, new JsonDocumentOptions { MaxDepth = PollAnswerReader.MaxDepth }))
        {
            if (OperationEnvelope.Parse(document.RootElement, registry, time.GetUtcNow()) is { Operation: null, Error: { } error })
                return (IntakeOutcome.Invalid, error);
        }
        if (health.IsStopping) return (IntakeOutcome.NotNow, "the agent stops");
        if (hub.Link.IsIdInUse) return (IntakeOutcome.NotNow, "the hub says that another live agent has this agent's id");
        if (!await TimeLimit.RunAsync(ReadyLimit, time, WaitUntilReadyAsync, cancellationToken))
            return (IntakeOutcome.NotNow, "operations cannot be stored now");
        return await TimeLimit.RunAsync(StoreLimit, time, token => StoreAsync(operation, token), cancellationToken)
            ? (IntakeOutcome.Stored, null)
            : (IntakeOutcome.NotNow, $"the operation was not stored within {StoreLimit.TotalSeconds:0} s");
    }

    private Task StoreAsync(ReadOnlyMemory<byte> operation, CancellationToken cancellationToken)
    {
        var answer = processor.Begin(cancellationToken);
        answer.Take(operation.Span);
        return answer.EndAsync();
    }

    private sealed class Poll(AnswerIntake answer, PossibleLosses losses) : IPollIntake
    {
        private int _taken;

        public void Take(ReadOnlySpan<byte> operation)
        {
            _taken++;
            answer.Take(operation);
        }

        public Task EndAsync(string? loss)
        {
            losses.Seen(loss, _taken);
            return answer.EndAsync();
        }
    }
}
