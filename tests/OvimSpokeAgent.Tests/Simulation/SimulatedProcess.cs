namespace OvimSpokeAgent.Tests.Simulation;

/// <summary>
/// Something with a life of its own: everything it does runs on its synchronization context. Killed, nothing of it ever
/// goes on; paused, it goes on later, and its timers are late.
/// </summary>
internal sealed class SimulatedProcess(Simulator simulator, string name) : SynchronizationContext
{
    private readonly List<(SendOrPostCallback Callback, object? State)> _ready = [];

    public string Name => name;

    public bool IsDead { get; private set; }

    public bool IsPaused { get; set; }

    /// <summary>Why its main work failed; null: it did not.</summary>
    public Exception? Failure { get; private set; }

    /// <summary>Its main work is done.</summary>
    public bool IsDone { get; private set; }

    /// <summary>Pieces of work that can go on now.</summary>
    public int ReadyCount => IsPaused ? 0 : _ready.Count;

    public void Begin(Func<Task> main) => Post(_ => _ = RunAsync(main), null);

    /// <summary>Ends it at this very point, as SIGKILL does.</summary>
    public void Kill()
    {
        IsDead = true;
        _ready.Clear();
    }

    public void RunOne(int index)
    {
        var (callback, state) = _ready[index];
        _ready.RemoveAt(index);
        Run(() => callback(state));
    }

    /// <summary>Does something at once, as a part of the process.</summary>
    public void Run(Action action)
    {
        var before = Current;
        SetSynchronizationContext(this);
        try
        {
            action();
        }
        finally
        {
            SetSynchronizationContext(before);
        }
    }

    public override void Post(SendOrPostCallback d, object? state)
    {
        if (IsDead) return; // a finalizer, which has a thread of its own, may still tell what it left behind
        simulator.CheckThread(name);
        _ready.Add((d, state));
    }

    public override void Send(SendOrPostCallback d, object? state) => throw new NotSupportedException();

    public override SynchronizationContext CreateCopy() => this;

    private async Task RunAsync(Func<Task> main)
    {
        try
        {
            await main();
            IsDone = true;
        }
        catch (Exception e)
        {
            Failure = e;
        }
    }
}
