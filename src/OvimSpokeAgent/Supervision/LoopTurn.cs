namespace OvimSpokeAgent.Supervision;

/// <summary>
/// A stretch of a loop's work that has to make progress. It does with each request that begins or ends in it; while it is paused, it
/// waits for something outside and need not. What makes none for <see cref="Limit"/> is stuck, and only a new process helps.
/// </summary>
internal sealed class LoopTurn : IDisposable
{
    /// <summary>More than any single request may take, its retries and what a server asks to wait included.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromMinutes(5);

    private static readonly AsyncLocal<LoopTurn?> Current = new();

    private readonly LoopTurns _loop;
    private long _progressAt;
    private int _pauses;
    private volatile bool _isOver;

    private LoopTurn(LoopTurns loop) => (_loop, _progressAt) = (loop, loop.Time.GetTimestamp());

    /// <summary>How long it has made no progress; zero while it is paused.</summary>
    public TimeSpan StandsStillFor =>
        Volatile.Read(ref _pauses) > 0 ? TimeSpan.Zero : _loop.Time.GetElapsedTime(Volatile.Read(ref _progressAt));

    /// <summary>Begins a turn of the loop that runs here; dispose when its work is done. Null: no loop does, or its turn goes on.</summary>
    public static LoopTurn? Begin()
    {
        if (LoopTurns.Current is not { } loop || Running is not null) return null;
        var turn = new LoopTurn(loop);
        loop.Add(turn);
        return Current.Value = turn;
    }

    /// <summary>The turn under way, if any, makes progress.</summary>
    public static void Progress()
    {
        if (Running is { } turn) Volatile.Write(ref turn._progressAt, turn._loop.Time.GetTimestamp());
    }

    /// <summary>The turn under way, if any, waits for something outside until the result is disposed.</summary>
    public static IDisposable? Pause() => Running is { } turn ? new PausedTurn(turn) : null;

    public void Dispose()
    {
        _isOver = true;
        _loop.Remove(this);
        if (Current.Value == this) Current.Value = null;
    }

    // What was begun in a turn may outlive it.
    private static LoopTurn? Running => Current.Value is { _isOver: false } turn ? turn : null;

    private sealed class PausedTurn : IDisposable
    {
        private readonly LoopTurn _turn;

        public PausedTurn(LoopTurn turn)
        {
            _turn = turn;
            Interlocked.Increment(ref turn._pauses);
        }

        public void Dispose()
        {
            Volatile.Write(ref _turn._progressAt, _turn._loop.Time.GetTimestamp());
            Interlocked.Decrement(ref _turn._pauses);
        }
    }
}
