using OvimSpokeAgent.Operations;

namespace OvimSpokeAgent.LocalApi;

/// <summary>Reads <see cref="OperationsDocument"/>.</summary>
internal sealed class OperationsSource(RecentOperations operations, OperationJournal journal)
{
    private const int MaxInFlight = 200;

    public OperationsDocument Read() => new()
    {
        InFlightCount = operations.InFlightCount,
        InFlight = [.. operations.InFlight(MaxInFlight).Select(Of)],
        Ended = [.. operations.Ended().Select(Of)],
    };

    private static InFlightDocument Of(OperationInFlight one) => new()
    {
        Id = one.Id,
        Key = one.Key.Value,
        Type = one.Type,
        Target = one.Target?.ToString(),
        Phase = one.StartedAt is null ? "waiting" : "running",
        ReceivedAt = one.ReceivedAt,
        StartedAt = one.StartedAt,
    };

    private EndedDocument Of(EndedOperation one) => new()
    {
        Id = one.Id,
        Key = one.Key.Value,
        Type = one.Type,
        Target = one.Target?.ToString(),
        Outcome = one.Error is null ? "completed" : "failed",
        ReceivedAt = one.ReceivedAt,
        EndedAt = one.EndedAt,
        DurationMs = Math.Round(one.Duration.TotalMilliseconds, 3),
        Error = one.Error,
        Result = journal.Find(one.Key)?.State switch
        {
            null => null,
            JournalState.Delivered => "delivered",
            JournalState.Refused => "refused",
            _ => "pending",
        },
    };
}
