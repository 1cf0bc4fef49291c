using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Supervision;

namespace OvimSpokeAgent.Operations;

/// <summary>
/// Takes in one answer of the hub, or one push, while it comes: in parts, each stored with one write. Until it is stored it is
/// in this process alone, so that comes before carrying any of it out. Operations run in the hub's order, after a crash too.
/// </summary>
/// <param name="receiver">Judges and stores.</param>
/// <param name="journal">Knows what came before.</param>
/// <param name="dispatch">Sees to what is stored.</param>
/// <param name="time">The clock.</param>
/// <param name="cancellationToken">Gives it up.</param>
internal sealed class AnswerIntake(
    OperationReceiver receiver,
    OperationJournal journal,
    Action<PendingOperation, Term?> dispatch,
    TimeProvider time,
    CancellationToken cancellationToken)
{
    private const int MaxReportedUnanswerable = 10;

    // What cannot be stored holds up the rest only for so long, and for longer only what has to come after it.
    private static readonly TimeSpan StoringLimit = TimeSpan.FromSeconds(5);

    private readonly List<(AnswerPart Part, Task Stored)> _parts = [];
    private readonly HashSet<OperationKey> _keys = [];
    private readonly Dictionary<NamespacedName, Task> _heldUp = [];
    private readonly List<Task> _later = [];
    private AnswerPart _next = new(receiver.MaxTogether);
    private Task<IDisposable>? _turn;
    private Task _parsed = Task.CompletedTask;
    private int _unanswerable;

    /// <summary>Takes the next operation; it is parsed and stored meanwhile.</summary>
    public void Take(ReadOnlySpan<byte> operation)
    {
        if (!_next.HasRoomFor(operation.Length)) BeginToStore();
        _next.Add(operation);
    }

    /// <summary>Nothing more comes. Returns when all of it is stored, however long that takes.</summary>
    public async Task EndAsync()
    {
        BeginToStore();
        if (_turn is null) return;
        using var turn = await _turn;
        await _parsed;
        await Task.WhenAll(_parts.Select(part => part.Stored)).WaitAsync(StoringLimit, time, CancellationToken.None)
            .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        foreach (var (part, stored) in _parts)
        {
            if (!part.Entries.Exists(entry => entry.Alone is not null)) await stored; // together
            foreach (var entry in part.Entries) Dispatch(entry);
        }
        if (_unanswerable > MaxReportedUnanswerable) receiver.ReportUnanswerable(_unanswerable - MaxReportedUnanswerable);
        await Task.WhenAll(_later);
    }

    private void BeginToStore()
    {
        if (_next.Count == 0) return;
        _turn ??= receiver.Turn.HoldAsync(cancellationToken);
        var parsed = ParseAsync(_next, _parsed);
        _parsed = parsed;
        _parts.Add((_next, StoredAsync(parsed)));
        _next = new AnswerPart(receiver.MaxTogether);
    }

    private static async Task StoredAsync(Task<Task> parsed) => await await parsed;

    // Storing begins in the order of arrival: that is the order of the records.
    private async Task<Task> ParseAsync(AnswerPart part, Task before)
    {
        await Task.Yield(); // the rest of the answer is read meanwhile
        await before;
        await _turn!;
        for (var i = 0; i < part.Count; i++)
        {
            if (receiver.Parse(part.TextOf(i), isReported: _unanswerable < MaxReportedUnanswerable) is not { } arrived)
            {
                _unanswerable++;
                continue;
            }
            if (!_keys.Add(arrived.Operation.Key))
            {
                receiver.CountDuplicateInBatch(arrived.Operation);
                continue;
            }
            if (journal.Recall(arrived.Operation.Key) is not { } known)
                part.Entries.Add(new(i, arrived));
            else if (receiver.Repeated(known.Record))
                part.Entries.Add(new(i, arrived) { IsNew = false, Ready = known });
        }
        return StoreAsync(part);
    }

    private async Task StoreAsync(AnswerPart part)
    {
        var arrived = part.Entries.Where(entry => entry.IsNew).ToList();
        if (arrived.Count > 1 && journal.CanTakeTogether)
        {
            await StoreTogetherAsync(part, arrived);
        }
        else
        {
            // What is known to be unreadable is not stored until people have seen to it: it must not hold up the others.
            foreach (var entry in arrived) entry.Alone = receiver.StoreAsync(part.TextOf(entry.Index), cancellationToken);
            await Task.WhenAll(arrived.Select(entry => entry.Alone!));
        }
        part.Release();
    }

    private async Task StoreTogetherAsync(AnswerPart part, List<AnswerPart.Entry> arrived)
    {
        var (content, offsets) = part.Together();
        var (records, session) = await journal.ReceiveTogetherAsync(
            [.. arrived.Select(entry => (entry.Arrived.Operation, entry.Arrived.PayloadBytes))], offsets, content, cancellationToken);
        foreach (var (i, entry) in arrived.Index())
        {
            receiver.Received(entry.Arrived.Operation);
            entry.Ready = new Reception(records[i], true, session);
        }
    }

    private void Dispatch(AnswerPart.Entry entry)
    {
        var before = entry.Target is { } its ? _heldUp.GetValueOrDefault(its) : null;
        if (before is null && entry.Alone is null or { IsCompletedSuccessfully: true })
        {
            Dispatch(entry, entry.Alone is { } alone ? alone.Result : entry.Ready);
            return;
        }
        var later = DispatchAsync(entry, before ?? Task.CompletedTask);
        _later.Add(later);
        if (entry.Target is { } target) _heldUp[target] = later;
    }

    private async Task DispatchAsync(AnswerPart.Entry entry, Task before)
    {
        await before;
        Dispatch(entry, entry.Alone is { } alone ? await alone : entry.Ready);
    }

    private void Dispatch(AnswerPart.Entry entry, Reception? reception)
    {
        if (reception is { } stored) dispatch(new PendingOperation(stored.Record, entry.Target, entry.Arrived.IsRead), stored.Session);
    }
}
