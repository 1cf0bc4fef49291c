using System.Collections.Concurrent;
using OvimSpokeAgent.Supervision;

namespace OvimSpokeAgent.Operations;

/// <summary>
/// The executions under way. Each may wait for the cluster as long as its own limit says; one that goes on after that does not
/// end when it is told to, holds its slot for good, and counts as a loop that stands still from then on.
/// </summary>
internal sealed class RunningExecutions : ILoopStatus
{
    private readonly TimeProvider _time;
    private readonly ConcurrentDictionary<Execution, bool> _underWay = new();

    public RunningExecutions(RunningLoops registry, TimeProvider time)
    {
        _time = time;
        registry.Add(this);
    }

    public string Name => "an operation";

    public int Failures => 0;

    public int OwnFailures => 0;

    public LoopFailure? RecentFailure => null;

    public TimeSpan StandsStillFor =>
        TimeSpans.Max(_underWay.Select(one => _time.GetElapsedTime(one.Key.Started) - one.Key.Limit).DefaultIfEmpty().Max(), TimeSpan.Zero);

    /// <summary>An execution begins; dispose when it ended.</summary>
    /// <param name="limit">How long it may take, what it does after its own limit included.</param>
    public IDisposable Begin(TimeSpan limit)
    {
        var execution = new Execution(this, _time.GetTimestamp(), limit);
        _underWay.TryAdd(execution, true);
        return execution;
    }

    private sealed class Execution(RunningExecutions all, long started, TimeSpan limit) : IDisposable
    {
        public long Started => started;

        public TimeSpan Limit => limit;

        public void Dispose() => all._underWay.TryRemove(this, out _);
    }
}
