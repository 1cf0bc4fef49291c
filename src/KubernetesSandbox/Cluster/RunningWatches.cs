using System.Collections.Concurrent;
using Microsoft.AspNetCore.Http;

namespace KubernetesSandbox.Cluster;

/// <summary>The watches that run, so that something can be done to them.</summary>
internal sealed class RunningWatches
{
    private readonly ConcurrentDictionary<RunningWatch, bool> _watches = [];

    public int Count(string? resource) => Of(resource).Count();

    public RunningWatch Start(HttpContext http, string resource, StoreSubscription changes)
    {
        var watch = new RunningWatch(this, http, resource, changes);
        _watches[watch] = true;
        return watch;
    }

    public int ForEach(string? resource, Action<RunningWatch> action)
    {
        var watches = Of(resource).ToList();
        watches.ForEach(action);
        return watches.Count;
    }

    public void Remove(RunningWatch watch) => _watches.TryRemove(watch, out _);

    private IEnumerable<RunningWatch> Of(string? resource) =>
        _watches.Keys.Where(watch => resource is null || watch.Resource == resource);
}

/// <summary>A watch that runs. Dispose when it ends.</summary>
internal sealed class RunningWatch(RunningWatches all, HttpContext http, string resource, StoreSubscription changes) : IDisposable
{
    private volatile bool _isFrozen;

    public string Resource => resource;

    public bool IsFrozen => _isFrozen;

    public void Cut() => http.Abort();

    public void End() => changes.End();

    public void Freeze() => _isFrozen = true;

    public void Dispose() => all.Remove(this);
}
