using System.Threading.Channels;

namespace KubernetesSandbox.KubeVirt;

/// <summary>
/// Keys to be worked on: each key by one worker at a time, and once more if it was added meanwhile. Keys may come later.
/// </summary>
internal sealed class WorkQueue<TKey> : IDisposable
    where TKey : notnull
{
    private enum Stage
    {
        Waiting,
        Working,
        WorkingAndDirty,
    }

    private readonly Channel<TKey> _ready = Channel.CreateUnbounded<TKey>();
    private readonly Lock _lock = new();
    private readonly Dictionary<TKey, Stage> _stages = [];
    private readonly Dictionary<TKey, ITimer> _timers = [];
    private bool _isDisposed;

    public void Add(TKey key)
    {
        lock (_lock)
        {
            if (!_stages.TryGetValue(key, out var stage))
            {
                _stages[key] = Stage.Waiting;
                _ready.Writer.TryWrite(key);
            }
            else if (stage is Stage.Working)
            {
                _stages[key] = Stage.WorkingAndDirty;
            }
        }
    }

    /// <summary>Adds a key at a time; of several wishes for a key the last one counts.</summary>
    public void AddAt(TKey key, DateTimeOffset due, TimeProvider time)
    {
        lock (_lock)
        {
            if (_isDisposed) return;
            if (_timers.Remove(key, out var old)) old.Dispose();
            var wait = due - time.GetUtcNow();
            if (wait > TimeSpan.Zero) _timers[key] = time.CreateTimer(_ => Add(key), null, wait, Timeout.InfiniteTimeSpan);
        }
        // A clock that is set by hand may have been set on before the timer was there.
        if (time.GetUtcNow() >= due) Add(key);
    }

    /// <summary>Calls for each key, until it is cancelled. Several may run side by side.</summary>
    public async Task WorkAsync(Func<TKey, Task> work, CancellationToken cancellationToken)
    {
        await foreach (var key in _ready.Reader.ReadAllAsync(cancellationToken))
        {
            lock (_lock)
            {
                _stages[key] = Stage.Working;
                // What it was to be looked at for later is looked at now.
                if (_timers.Remove(key, out var timer)) timer.Dispose();
            }
            await work(key);
            lock (_lock)
            {
                if (_stages[key] is Stage.WorkingAndDirty)
                {
                    _stages[key] = Stage.Waiting;
                    _ready.Writer.TryWrite(key);
                }
                else
                {
                    _stages.Remove(key);
                }
            }
        }
    }

    public void Dispose()
    {
        lock (_lock)
        {
            _isDisposed = true;
            foreach (var timer in _timers.Values) timer.Dispose();
            _timers.Clear();
        }
    }
}
