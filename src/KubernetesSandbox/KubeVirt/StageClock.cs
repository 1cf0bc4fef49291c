using System.Collections.Concurrent;

namespace KubernetesSandbox.KubeVirt;

/// <summary>
/// Remembers since when an object is at a stage: the times in Kubernetes' objects are whole seconds, too coarse for steps.
/// </summary>
internal sealed class StageClock(TimeProvider time)
{
    private readonly ConcurrentDictionary<string, (string Stage, DateTimeOffset Since)> _stages = [];

    public DateTimeOffset Since(string uid, string stage) =>
        _stages.AddOrUpdate(
            uid,
            _ => (stage, time.GetUtcNow()),
            (_, known) => known.Stage == stage ? known : (stage, time.GetUtcNow())).Since;

    public void Forget(string uid) => _stages.TryRemove(uid, out _);
}
