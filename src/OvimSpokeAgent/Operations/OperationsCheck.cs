using OvimSpokeAgent.Supervision;

namespace OvimSpokeAgent.Operations;

/// <summary>Operations and results: how many wait, and whether the hub takes none.</summary>
internal sealed class OperationsCheck(OperationScheduler scheduler, ResultDelivery delivery, OperationJournal journal)
    : IHealthCheck
{
    public string Name => "operations";

    public bool NeededForReady => false;

    public HealthFinding Check()
    {
        var counts = $"{scheduler.Backlog} to do, {delivery.Pending} results to deliver";
        if (delivery.Problem is { } problem) return HealthFinding.Degraded($"{counts}, the hub takes none: {problem}");
        // Told once, when it was refused: nothing is wrong with the agent, and nothing can be done here.
        return HealthFinding.Healthy(journal.Status.Refused is > 0 and var refused ? $"{counts}, {refused} refused by the hub" : counts);
    }
}
