using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Tests.VirtualMachines;

namespace OvimSpokeAgent.Tests.Cluster;

public sealed class ClusterConnectivityTests
{
    private readonly TestTime _time = new();
    private readonly ClusterConnectivity _connectivity;

    public ClusterConnectivityTests() => _connectivity = new ClusterConnectivity(_time);

    [Fact]
    public void Server_is_there_until_it_gives_no_answer()
    {
        Assert.True(_connectivity.IsReachable);
        Assert.Null(_connectivity.Since);
        Assert.Null(_connectivity.LastError);
    }

    [Fact]
    public void Outage_began_with_its_first_failure_and_tells_the_last()
    {
        var began = _time.GetUtcNow();
        _connectivity.Failed("first");
        _time.Advance(TimeSpan.FromMinutes(1));
        _connectivity.Failed("second");

        Assert.Equal((false, began, "second"), (_connectivity.IsReachable, _connectivity.Since, _connectivity.LastError));
    }

    [Fact]
    public async Task Answer_ends_the_outage_and_wakes_who_waits()
    {
        _connectivity.Failed("away");
        var waiting = _connectivity.WaitUntilReachableAsync(Limits.Token());
        Assert.False(waiting.IsCompleted);

        _connectivity.Answered();

        await waiting.WaitAsync(Limits.Patience);
        Assert.True(_connectivity.IsReachable);
        Assert.True(_connectivity.WaitUntilReachableAsync(default).IsCompletedSuccessfully);
    }

    [Fact]
    public async Task Wait_can_be_cancelled()
    {
        _connectivity.Failed("away");
        using var end = new CancellationTokenSource();
        var waiting = _connectivity.WaitUntilReachableAsync(end.Token);

        await end.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
    }
}
