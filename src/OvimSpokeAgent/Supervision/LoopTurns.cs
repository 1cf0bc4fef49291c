using System.Collections.Concurrent;

namespace OvimSpokeAgent.Supervision;

/// <summary>The turns that a loop has under way: one, or one of each of its workers.</summary>
internal sealed class LoopTurns(TimeProvider time)
{
    private static readonly AsyncLocal<LoopTurns?> OfLoop = new();

    private readonly ConcurrentDictionary<LoopTurn, bool> _underWay = new();

    public TimeProvider Time => time;

    /// <summary>Those of the loop that runs here, also across its waits; null: none does.</summary>
    public static LoopTurns? Current
    {
        get => OfLoop.Value;
        set => OfLoop.Value = value;
    }

    /// <summary>How long the one that made no progress for longest stands still.</summary>
    public TimeSpan StandStillFor => _underWay.Select(turn => turn.Key.StandsStillFor).DefaultIfEmpty().Max();

    public void Add(LoopTurn turn) => _underWay.TryAdd(turn, true);

    public void Remove(LoopTurn turn) => _underWay.TryRemove(turn, out _);
}
