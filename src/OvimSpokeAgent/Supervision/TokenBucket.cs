namespace OvimSpokeAgent.Supervision;

/// <summary>
/// Limits a rate: <paramref name="burst"/> at once, then one every <paramref name="refill"/>. Not thread-safe.
/// </summary>
internal sealed class TokenBucket(int burst, TimeSpan refill, TimeProvider time)
{
    private double _tokens = burst;
    private long _lastRefill = time.GetTimestamp();

    /// <summary>Whether nothing was taken for so long that it is as good as new.</summary>
    public bool IsFull => Refilled() >= burst;

    /// <summary>Takes one if there is one.</summary>
    public bool TryTake()
    {
        _tokens = Refilled();
        _lastRefill = time.GetTimestamp();
        if (_tokens < 1) return false;
        _tokens--;
        return true;
    }

    private double Refilled() => Math.Min(burst, _tokens + (time.GetElapsedTime(_lastRefill) / refill));
}
