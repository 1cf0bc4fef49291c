using Microsoft.Extensions.Time.Testing;
using OvimSpokeAgent.VirtualDataCenters;

namespace OvimSpokeAgent.Tests.VirtualDataCenters;

public sealed class VdcLocksTests
{
    private readonly VdcLocks _locks = new(new FakeTimeProvider());

    [Fact]
    public async Task One_at_a_time_holds_a_namespace()
    {
        var first = await _locks.HoldAsync("acme", default);
        var second = _locks.HoldAsync("acme", default);
        using var other = await _locks.HoldAsync("beta", default);
        Assert.False(second.IsCompleted);

        first.Dispose();
        first.Dispose();

        using var held = await second;
        Assert.False(_locks.HoldAsync("acme", default).IsCompleted);
    }

    [Fact]
    public async Task Namespace_that_is_gone_is_forgotten()
    {
        for (var i = 0; i < 100; i++)
        {
            using (await _locks.HoldAsync($"ns-{i}", default)) _locks.Wrote($"ns-{i}");
            Assert.NotNull(_locks.SinceWrite($"ns-{i}"));
            _locks.Forget($"ns-{i}");
        }

        Assert.Equal(0, _locks.Count);
        Assert.Null(_locks.SinceWrite("ns-1"));
    }

    // Whoever names namespaces that do not exist is not remembered for it.
    [Fact]
    public async Task Namespace_in_which_nothing_was_written_is_not_remembered()
    {
        for (var i = 0; i < 100; i++) (await _locks.HoldAsync($"ns-{i}", default)).Dispose();

        Assert.Equal(0, _locks.Count);
    }

    [Fact]
    public async Task Namespace_that_is_held_is_forgotten_with_its_last_user()
    {
        var first = await _locks.HoldAsync("acme", default);
        var second = _locks.HoldAsync("acme", default);
        using var given = new CancellationTokenSource();
        var third = _locks.HoldAsync("acme", given.Token);

        _locks.Forget("acme");
        await given.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => third);
        first.Dispose();
        Assert.Equal(1, _locks.Count);
        (await second).Dispose();

        Assert.Equal(0, _locks.Count);
    }
}
