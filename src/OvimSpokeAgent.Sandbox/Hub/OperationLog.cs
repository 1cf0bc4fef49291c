using System.Text.Json.Nodes;
using KubernetesSandbox;

namespace OvimSpokeAgent.Sandbox.Hub;

/// <summary>
/// The newest operations and what became of them, for people to read: hubs themselves forget an operation when they hand it out.
/// Operations are known by their node, since ids repeat; of several with a result's id it is the one that has waited the longest.
/// </summary>
internal sealed class OperationLog(TimeProvider time)
{
    /// <summary>How many are kept.</summary>
    public const int Limit = 200;

    private readonly Lock _lock = new();
    private readonly List<Entry> _entries = [];
    private long _count;

    /// <summary>How many there ever were.</summary>
    public long Count
    {
        get
        {
            lock (_lock) return _count;
        }
    }

    /// <summary>Those that are kept, newest first.</summary>
    public IReadOnlyList<LoggedOperation> Newest
    {
        get
        {
            lock (_lock) return [.. _entries.Select(entry => entry.Shown).Reverse()];
        }
    }

    /// <summary>It waits for a poll, after a push that failed perhaps.</summary>
    public void Queued(string agentId, JsonNode? operation)
    {
        lock (_lock)
        {
            if (Find(operation, OperationStage.Pushing) is { } entry) entry.Shown = entry.Shown with { Stage = OperationStage.Queued, WasPushed = null };
            else Add(operation, agentId, OperationStage.Queued);
        }
    }

    /// <summary>It is being pushed.</summary>
    public void Pushing(string to, JsonObject operation)
    {
        lock (_lock) Add(operation, to, OperationStage.Pushing);
    }

    /// <summary>A push was accepted.</summary>
    public void Pushed(JsonObject operation) => Move(operation, OperationStage.Pushing, entry => entry with { Stage = OperationStage.Sent, WasPushed = true });

    /// <summary>A poll took it.</summary>
    public void Polled(JsonNode? operation) => Move(operation, OperationStage.Queued, entry => entry with { Stage = OperationStage.Sent, WasPushed = false });

    /// <summary>No agent will get it.</summary>
    public void Lost(JsonObject operation, string why) =>
        Move(operation, OperationStage.Pushing, entry => entry with { Stage = OperationStage.Lost, Problem = why });

    /// <summary>A result came, for whatever has its id.</summary>
    public void Answered(ReceivedResult result)
    {
        lock (_lock)
        {
            var entry = _entries.Find(entry => entry.Shown.Id == result.OperationId && entry.Shown.Stage is OperationStage.Pushing or OperationStage.Sent)
                ?? _entries.FindLast(entry => entry.Shown.Id == result.OperationId)
                ?? Add(new JsonObject { ["id"] = result.OperationId }, null, OperationStage.Answered);
            entry.Shown = entry.Shown with { Stage = OperationStage.Answered, Result = result, Results = entry.Shown.Results + 1 };
        }
    }

    public void Forget()
    {
        lock (_lock) _entries.Clear();
    }

    private void Move(JsonNode? operation, OperationStage from, Func<LoggedOperation, LoggedOperation> to)
    {
        lock (_lock)
        {
            if (Find(operation, from) is { } entry) entry.Shown = to(entry.Shown);
        }
    }

    private Entry? Find(JsonNode? operation, OperationStage stage) =>
        operation is null ? null : _entries.Find(entry => ReferenceEquals(entry.Operation, operation) && entry.Shown.Stage == stage);

    private Entry Add(JsonNode? operation, string? to, OperationStage stage)
    {
        var entry = new Entry(operation, new LoggedOperation
        {
            Number = ++_count,
            For = to,
            Id = operation.ShownText("id"),
            Type = operation.ShownText("type"),
            Subject = SubjectOf(operation.At("payload")),
            QueuedAt = time.GetUtcNow(),
            Stage = stage,
        });
        _entries.Add(entry);
        if (_entries.Count > Limit) _entries.RemoveAt(0);
        return entry;
    }

    private static string? SubjectOf(JsonNode? payload) => (payload.ShownText("namespace"), payload.ShownText("name")) switch
    {
        (null, null) => payload.ShownText("target_namespace") ?? payload.ShownText("vdc_name"),
        (null, { } name) => name,
        ({ } ns, null) => ns,
        ({ } ns, { } name) => $"{ns}/{name}",
    };

    private sealed class Entry(JsonNode? operation, LoggedOperation shown)
    {
        public JsonNode? Operation => operation;

        public LoggedOperation Shown { get; set; } = shown;
    }
}
