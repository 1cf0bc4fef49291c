using System.Diagnostics;
using OvimSpokeAgent.EndToEnd.Tests.Harness;

namespace OvimSpokeAgent.EndToEnd.Tests.Hub;

/// <summary>
/// A clock that jumps from timer to timer, and only while nothing is under way: nobody holds it, and no work waits for the
/// thread pool or runs on it. So nothing ever seems slow, however busy the machine is. It needs the process to itself: other
/// tests' work would hold it up.
/// </summary>
internal sealed class PacedClock : TimeProvider
{
    // Of real time: something in the agent or in the test never comes to rest.
    private static readonly TimeSpan Patience = JsonApi.Patience;

    private readonly DateTimeOffset _start = DateTimeOffset.UtcNow; // the cluster's clock
    private readonly Lock _lock = new();
    private readonly PriorityQueue<(PacedTimer Timer, int Setting), (long Due, long Order)> _timers = new();
    private long _elapsed;
    private long _order;
    private long _holds;
    private int _held;

    // Threads of the pool that the tests' runner keeps for itself, waiting: as many as were busy when fewest were.
    private int _runnersThreads = int.MaxValue;

    private PacedClock()
    {
    }

    /// <summary>Since it was made.</summary>
    public TimeSpan Elapsed => TimeSpan.FromTicks(Volatile.Read(ref _elapsed));

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override DateTimeOffset GetUtcNow() => _start + Elapsed;

    public override long GetTimestamp() => Volatile.Read(ref _elapsed);

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        new PacedTimer(this, () => callback(state), dueTime, period);

    /// <summary>A clock for what is started after it: nothing may be under way yet.</summary>
    public static Task<PacedClock> NewAsync() => OnOwnThreadAsync(() =>
    {
        var clock = new PacedClock();
        for (var look = 0; look < 100; look++)
        {
            clock.BusyThreads();
            Thread.Sleep(1);
        }
        return clock;
    });

    /// <summary>Lets the clock run.</summary>
    public Task RunAsync(TimeSpan duration) => DriveAsync(() => false, duration);

    /// <summary>Lets the clock run until a condition holds, which is looked at after each timer.</summary>
    public async Task RunUntilAsync(string what, Func<bool> condition, TimeSpan atMost)
    {
        if (!await DriveAsync(condition, atMost)) throw new TimeoutException($"not within {atMost}: {what}");
    }

    /// <summary>Holds the clock until what it returns is disposed of.</summary>
    public IDisposable Hold()
    {
        Interlocked.Increment(ref _held);
        Interlocked.Increment(ref _holds);
        return new Holder(this);
    }

    private Task<bool> DriveAsync(Func<bool> condition, TimeSpan duration) => OnOwnThreadAsync(() =>
    {
        var end = Volatile.Read(ref _elapsed) + duration.Ticks;
        ComeToRest();
        while (!condition())
        {
            if (TakeNext(end) is not { } next)
            {
                Volatile.Write(ref _elapsed, end);
                return false;
            }
            next();
            ComeToRest();
        }
        return true;
    });

    // Those of the pool are what it looks at.
    private static Task<T> OnOwnThreadAsync<T>(Func<T> action) =>
        Task.Factory.StartNew(action, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    private Action? TakeNext(long end)
    {
        lock (_lock)
        {
            while (_timers.TryPeek(out var next, out var priority) && priority.Due <= end)
            {
                _timers.Dequeue();
                if (next.Timer.Setting != next.Setting) continue;
                Volatile.Write(ref _elapsed, Math.Max(priority.Due, _elapsed));
                return next.Timer.Fired();
            }
            return null;
        }
    }

    private void ComeToRest()
    {
        var waiting = Stopwatch.StartNew();
        while (!IsAtRest())
        {
            if (waiting.Elapsed > Patience)
                throw new TimeoutException($"{_held} holders and {BusyThreads()} threads do not come to rest");
            Thread.Yield();
        }
    }

    // Looked at twice: a request may begin, or end, between the looks at requests and threads.
    private bool IsAtRest()
    {
        var holds = Volatile.Read(ref _holds);
        return IsQuiet() && IsQuiet() && holds == Volatile.Read(ref _holds);
    }

    private bool IsQuiet() =>
        Volatile.Read(ref _held) == 0 && ThreadPool.PendingWorkItemCount == 0 && BusyThreads() == 0;

    private int BusyThreads()
    {
        ThreadPool.GetMaxThreads(out var most, out _);
        ThreadPool.GetAvailableThreads(out var free, out _);
        _runnersThreads = Math.Min(_runnersThreads, most - free);
        return most - free - _runnersThreads;
    }

    private sealed class Holder(PacedClock clock) : IDisposable
    {
        public void Dispose() => Interlocked.Decrement(ref clock._held);
    }

    private sealed class PacedTimer : ITimer
    {
        private readonly PacedClock _clock;
        private readonly Action _action;
        private TimeSpan _period;

        public PacedTimer(PacedClock clock, Action action, TimeSpan dueTime, TimeSpan period)
        {
            (_clock, _action) = (clock, action);
            Change(dueTime, period);
        }

        /// <summary>Which of its settings counts: what was set before does not act.</summary>
        public int Setting { get; private set; }

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (_clock._lock)
            {
                if (Setting == int.MinValue) return false;
                Setting++;
                _period = period;
                if (dueTime != Timeout.InfiniteTimeSpan)
                    _clock._timers.Enqueue((this, Setting), (_clock._elapsed + dueTime.Ticks, _clock._order++));
                return true;
            }
        }

        public Action Fired()
        {
            if (_period > TimeSpan.Zero) Change(_period, _period);
            return _action;
        }

        public void Dispose()
        {
            lock (_clock._lock) Setting = int.MinValue;
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}

/// <summary>Holds a clock while requests over sockets are under way, until the whole answer is there.</summary>
internal sealed class PacingHandler(PacedClock clock) : DelegatingHandler
{
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        using var underWay = clock.Hold();
        var response = await base.SendAsync(request, cancellationToken);
        await response.Content.LoadIntoBufferAsync(cancellationToken);
        return response;
    }
}
