using System.Collections.Immutable;

namespace OvimSpokeAgent.Supervision;

/// <summary>All loops of the host, for health and metrics; they add themselves, so that nobody depends on all of them.</summary>
internal sealed class RunningLoops
{
    private ImmutableList<ILoopStatus> _loops = [];

    public IReadOnlyList<ILoopStatus> Loops => _loops;

    public void Add(ILoopStatus loop) => ImmutableInterlocked.Update(ref _loops, list => list.Add(loop));
}
