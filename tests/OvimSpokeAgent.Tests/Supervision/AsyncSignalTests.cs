using OvimSpokeAgent.Supervision;
using OvimSpokeAgent.Tests.VirtualMachines;

namespace OvimSpokeAgent.Tests.Supervision;

public sealed class AsyncSignalTests
{
    [Fact]
    public async Task Everyone_who_waits_is_woken_once()
    {
        var signal = new AsyncSignal();
        Task[] waiting = [signal.Next, signal.Next];
        Assert.All(waiting, task => Assert.False(task.IsCompleted));

        signal.Set();

        await Task.WhenAll(waiting).WaitAsync(Limits.Patience);
        Assert.False(signal.Next.IsCompleted);
    }

    [Fact]
    public async Task Change_between_the_look_and_the_wait_is_not_missed()
    {
        var signal = new AsyncSignal();
        var next = signal.Next;

        signal.Set();

        await next.WaitAsync(Limits.Patience);
    }
}
