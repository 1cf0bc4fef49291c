using Microsoft.Extensions.Time.Testing;
using OvimSpokeAgent.Supervision;
using OvimSpokeAgent.Tests.VirtualMachines;

namespace OvimSpokeAgent.Tests.Supervision;

public sealed class WorkQueueTests
{
    private readonly FakeTimeProvider _time = new();

    [Fact]
    public async Task Key_comes_once_however_often_it_was_added()
    {
        var queue = new WorkQueue<string>(_time);
        queue.Add("a");
        queue.Add("a");
        queue.Add("b");

        Assert.Equal("a", await TakeAsync(queue));
        Assert.Equal("b", await TakeAsync(queue));
        Assert.False(queue.TakeAsync(Limits.Token()).IsCompleted);
    }

    [Fact]
    public async Task Key_that_is_worked_on_comes_again_only_after_that()
    {
        var queue = new WorkQueue<string>(_time);
        queue.Add("a");
        await TakeAsync(queue);
        queue.Add("a");
        var next = queue.TakeAsync(Limits.Token());
        Assert.False(next.IsCompleted);

        queue.Done("a");

        Assert.Equal("a", await next);
    }

    [Fact]
    public async Task Queue_that_is_cleared_forgets_what_waits_and_knows_what_is_worked_on()
    {
        var queue = new WorkQueue<string>(_time);
        queue.Add("a");
        await TakeAsync(queue);
        queue.Add("a");
        queue.Add("b", TimeSpan.FromMinutes(1));

        queue.Clear();

        var next = queue.TakeAsync(Limits.Token());
        queue.Add("a");
        _time.Advance(TimeSpan.FromMinutes(2));
        Assert.False(next.IsCompleted);
        queue.Done("a");
        Assert.Equal("a", await next);
    }

    [Fact]
    public async Task Key_comes_when_it_is_due_and_the_earlier_time_counts()
    {
        var queue = new WorkQueue<string>(_time);
        queue.Add("late", TimeSpan.FromMinutes(5));
        queue.Add("late", TimeSpan.FromMinutes(9));
        var next = queue.TakeAsync(Limits.Token());
        _time.Advance(TimeSpan.FromMinutes(4));
        Assert.False(next.IsCompleted);

        _time.Advance(TimeSpan.FromMinutes(1));

        Assert.Equal("late", await next.WaitAsync(Limits.Patience));
        queue.Done("late");
        Assert.False(queue.TakeAsync(Limits.Token()).IsCompleted);
    }

    [Fact]
    public async Task Added_without_delay_it_does_not_wait_for_the_delay_of_before()
    {
        var queue = new WorkQueue<string>(_time);
        queue.Add("a", TimeSpan.FromHours(1));
        var next = queue.TakeAsync(Limits.Token());

        queue.Add("a");

        Assert.Equal("a", await next.WaitAsync(Limits.Patience));
    }

    private static Task<string> TakeAsync(WorkQueue<string> queue) => queue.TakeAsync(Limits.Token()).WaitAsync(Limits.Patience);
}
