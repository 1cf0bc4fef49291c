using OvimSpokeAgent.Contract;

namespace OvimSpokeAgent.Operations;

/// <summary>What becomes of a result that is ready to be sent.</summary>
internal enum DeletionVerdict
{
    Send,

    /// <summary>Not before the operation that was queued last under its id has ended.</summary>
    Wait,

    /// <summary>The hub would take it for another VDC's.</summary>
    Withhold,
}

/// <summary>
/// Of several <c>delete_vdc</c> with one id hubs know only the one queued last, and complete that one at the first result that
/// says <c>deleted</c>: such a result is sent only when the last queued is gone too. Pure.
/// </summary>
internal static class DeletionOrder
{
    /// <param name="record">A record with a result.</param>
    /// <param name="ofItsId">All records of its id.</param>
    public static DeletionVerdict Decide(JournalRecord record, IEnumerable<JournalRecord> ofItsId)
    {
        if (!record.SaysDeleted) return DeletionVerdict.Send;
        var last = ofItsId.Where(other => other.Operation.Type == VdcOperations.Delete)
            .MaxBy(other => (other.Operation.Timestamp, other.Sequence));
        if (last is null || last.Key == record.Key || last.SaysDeleted) return DeletionVerdict.Send;
        return !last.HasResult ? DeletionVerdict.Wait : DeletionVerdict.Withhold;
    }
}
