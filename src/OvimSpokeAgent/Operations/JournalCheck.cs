using OvimSpokeAgent.Supervision;

namespace OvimSpokeAgent.Operations;

/// <summary>Whether operations can be stored: what cannot be stored is not taken from the hub.</summary>
internal sealed class JournalCheck(OperationJournal journal) : IHealthCheck
{
    public string Name => "journal";

    /// <summary>Until it could be read once.</summary>
    public bool NeededForReady => !journal.Status.WasReadable;

    public HealthFinding Check()
    {
        var status = journal.Status;
        return status switch
        {
            { Problem: { IsPassing: true } problem } => HealthFinding.Degraded(
                $"the API server asks to come back later, no operations are taken until then: {problem.Message}"),
            { Problem: { } problem, Arriving: 0 } => HealthFinding.Unhealthy(
                $"cannot be read or written since {problem.Since:O}, no operations are taken: {problem.Message}"),
            { Problem: { } problem } => HealthFinding.Unhealthy(
                $"cannot be written since {problem.Since:O}, {status.Arriving} operations wait in memory, no more are taken: "
                + problem.Message),
            { WasReadable: false } => HealthFinding.Unhealthy("not read yet"),
            { IsFull: true } => HealthFinding.Degraded($"full with {status.Bytes >> 20} MiB, no operations are taken for now"),
            { Unreadable.Count: > 0 } => HealthFinding.Degraded(
                $"{status.Unreadable.Count} records cannot be read: {string.Join(", ", status.Unreadable.Take(3))}"),
            { CleaningProblem: { } problem } => HealthFinding.Degraded($"expired records cannot be removed: {problem}"),
            _ => HealthFinding.Healthy("readable, and nothing waits to be written"),
        };
    }
}
