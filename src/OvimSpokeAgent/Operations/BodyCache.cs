namespace OvimSpokeAgent.Operations;

/// <summary>
/// Payloads and results that are likely to be needed soon, so that they need not be read from the store: those that were
/// used last, up to a number of bytes. Thread-safe.
/// </summary>
internal sealed class BodyCache(long capacity)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<(string Name, bool IsResult), LinkedListNode<Entry>> _entries = [];
    private readonly LinkedList<Entry> _byUse = new(); // the one used last comes last
    private long _bytes;

    /// <summary>Keeps a body, in place of the one that is kept under this name; not if it alone is over the capacity.</summary>
    public void Put(string name, bool isResult, ReadOnlyMemory<byte> body)
    {
        lock (_lock)
        {
            Remove((name, isResult));
            if (body.Length > capacity) return;
            _entries[(name, isResult)] = _byUse.AddLast(new Entry((name, isResult), body));
            _bytes += body.Length;
            while (_bytes > capacity) Remove(_byUse.First!.Value.Key);
        }
    }

    public bool TryGet(string name, bool isResult, out ReadOnlyMemory<byte> body)
    {
        lock (_lock)
        {
            body = default;
            if (!_entries.TryGetValue((name, isResult), out var node)) return false;
            _byUse.Remove(node);
            _byUse.AddLast(node);
            body = node.Value.Body;
            return true;
        }
    }

    public void Remove(string name, bool isResult)
    {
        lock (_lock) Remove((name, isResult));
    }

    public void Clear()
    {
        lock (_lock)
        {
            _entries.Clear();
            _byUse.Clear();
            _bytes = 0;
        }
    }

    private void Remove((string Name, bool IsResult) key)
    {
        if (!_entries.Remove(key, out var node)) return;
        _byUse.Remove(node);
        _bytes -= node.Value.Body.Length;
    }

    private sealed record Entry((string Name, bool IsResult) Key, ReadOnlyMemory<byte> Body);
}
