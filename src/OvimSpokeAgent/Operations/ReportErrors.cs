namespace OvimSpokeAgent.Operations;

/// <summary>
/// Lines for the next status report's <c>errors</c>: what has no operation to answer to. Kept until a report with them
/// was taken; the oldest go first when there are more than fit.
/// </summary>
internal sealed class ReportErrors
{
    /// <summary>How many lines are kept.</summary>
    public const int Capacity = 100;

    private readonly Lock _lock = new();
    private readonly Queue<string> _lines = new();
    private long _dropped;

    public void Add(string line)
    {
        lock (_lock)
        {
            _lines.Enqueue(line);
            if (_lines.Count <= Capacity) return;
            _lines.Dequeue();
            _dropped++;
        }
    }

    /// <summary>The lines to send, the oldest first.</summary>
    public IReadOnlyList<string> Pending()
    {
        lock (_lock)
            return _dropped == 0 ? [.. _lines] : [$"{_dropped} earlier errors are left out", .. _lines];
    }

    /// <summary>Forgets what was in <paramref name="sent"/>; lines added since stay.</summary>
    public void Sent(IReadOnlyList<string> sent)
    {
        lock (_lock)
        {
            foreach (var line in sent)
            {
                if (_lines.TryPeek(out var oldest) && oldest == line) _lines.Dequeue();
            }
            if (sent.Count > 0) _dropped = 0;
        }
    }
}
