namespace OvimSpokeAgent.Tests.Simulation;

/// <summary>
/// Runs code that waits, as it is, on one thread and a clock of its own: what is ready to go on goes on in an order that
/// a seed decides, and when nothing is ready the clock jumps to the next timer. The same seed runs the same way. Code that
/// leaves for another thread is found out and fails the run.
/// </summary>
internal sealed class Simulator
{
    /// <summary>More than any run needs: something goes round and round.</summary>
    private const long MaxSteps = 500_000;

    private readonly List<SimulatedProcess> _processes = [];
    private readonly int _thread = Environment.CurrentManagedThreadId;
    private string? _escape;

    public Simulator(int seed)
    {
        Random = new Random(seed);
        Time = new SimulatedTime(this);
        World = new SimulatedProcess(this, "world");
        _processes.Add(World);
    }

    /// <summary>The source of all chance in the run.</summary>
    public Random Random { get; }

    public SimulatedTime Time { get; }

    /// <summary>What happens whatever becomes of the processes.</summary>
    public SimulatedProcess World { get; }

    /// <summary>How many pieces of work and timers have run.</summary>
    public long Steps { get; private set; }

    /// <summary>Starts something that has a life of its own.</summary>
    public SimulatedProcess Start(string name, Func<Task> main)
    {
        var process = new SimulatedProcess(this, name);
        _processes.Add(process);
        process.Begin(main);
        return process;
    }

    /// <summary>Has something done at a time, whatever becomes of the processes.</summary>
    public void At(TimeSpan time, Action action) => After(time - Time.Elapsed, action);

    /// <summary>Has something done after a while, whatever becomes of the processes.</summary>
    public void After(TimeSpan wait, Action action) =>
        Time.CreateTimer(World, action, wait > TimeSpan.Zero ? wait : TimeSpan.Zero);

    /// <summary>A time between two others.</summary>
    public TimeSpan Between(TimeSpan least, TimeSpan most) => least + ((most - least) * Random.NextDouble());

    /// <summary>Runs until a condition holds; false: it does not by that time.</summary>
    public bool RunUntil(Func<bool> condition, TimeSpan latest)
    {
        while (!condition())
        {
            if (Steps > MaxSteps) throw new SimulationException($"no end after {MaxSteps} steps, at {Time.Elapsed}");
            if (!Step(latest)) return condition();
        }
        return true;
    }

    public void RunFor(TimeSpan duration)
    {
        var end = Time.Elapsed + duration;
        RunUntil(() => false, end);
        Time.JumpTo(end);
    }

    /// <summary>Notes that work came from a thread that is none of the simulation's.</summary>
    internal void CheckThread(string where)
    {
        if (Environment.CurrentManagedThreadId != _thread)
            Interlocked.CompareExchange(ref _escape, $"{where} went on on a thread of its own: {Environment.StackTrace}", null);
    }

    private bool Step(TimeSpan latest)
    {
        if (Volatile.Read(ref _escape) is { } escape) throw new SimulationException(escape);
        Steps++;
        var ready = _processes.Sum(process => process.ReadyCount);
        if (ready > 0)
        {
            var pick = Random.Next(ready);
            foreach (var process in _processes)
            {
                if (pick < process.ReadyCount)
                {
                    process.RunOne(pick);
                    break;
                }
                pick -= process.ReadyCount;
            }
            _processes.RemoveAll(process => process.IsDead);
            return true;
        }
        return Time.FireNext(latest);
    }
}

/// <summary>The simulated code did what it must not.</summary>
internal sealed class SimulationException(string message, Exception? inner = null) : Exception(message, inner);
