using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Hub;
using OvimSpokeAgent.Operations;

namespace OvimSpokeAgent.Agent;

/// <summary>Joins the hub's polling with the operations: takes only what the cluster can store and carry out.</summary>
internal sealed class OperationIntake(
    ClusterConnectivity connectivity,
    IEnumerable<IWatchCacheStatus> caches,
    OperationLoop operations,
    OperationProcessor processor,
    ReportErrors errors) : IOperationIntake
{
    public async Task WaitUntilReadyAsync(CancellationToken cancellationToken)
    {
        foreach (var cache in caches) await cache.WaitForFirstAnswerAsync(cancellationToken);
        do
        {
            await connectivity.WaitUntilReachableAsync(cancellationToken);
            await operations.WaitUntilReadyAsync(cancellationToken);
        }
        while (!connectivity.IsReachable);
    }

    public Task AcceptAsync(PollAnswer answer, CancellationToken cancellationToken)
    {
        if (answer.Loss is not null)
            errors.Add($"a poll answer was not whole, operations may be lost: {answer.Loss}");
        return processor.AcceptAsync(answer.Operations, cancellationToken);
    }
}
