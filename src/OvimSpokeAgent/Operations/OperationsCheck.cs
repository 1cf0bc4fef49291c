using OvimSpokeAgent.Supervision;

namespace OvimSpokeAgent.Operations;

/// <summary>
/// Operations and results: how many wait, whether the hub takes none, and whether most of the changes fail. That is a warning, as what
/// hubs and tenants ask for may be what fails, and must not take the agent out of service.
/// </summary>
internal sealed class OperationsCheck(OperationScheduler scheduler, ResultDelivery delivery, OperationJournal journal, RecentOutcomes outcomes)
    : IHealthCheck
{
    private const int MinJudged = 10;

    public string Name => "operations";

    public bool NeededForReady => false;

    public HealthFinding Check()
    {
        var counts = $"{scheduler.Backlog} to do, {delivery.Pending} results to deliver";
        if (delivery.Problem is { } problem) return HealthFinding.Degraded($"{counts}, the hub takes none: {problem}");
        if (outcomes.All is var all && all >= MinJudged && outcomes.Failed is var failed && failed * 2 >= all)
            return HealthFinding.Warning($"{counts}; of the last {RecentOutcomes.Period.TotalMinutes} minutes' {all} changes {failed} failed");
        // Told once, when it was refused: nothing is wrong with the agent, and nothing can be done here.
        return HealthFinding.Healthy(journal.Status.Refused is > 0 and var refused ? $"{counts}, {refused} refused by the hub" : counts);
    }
}
