using System.Net;

namespace OvimSpokeAgent.Tests.Hub;

public sealed class HubOutageOfLoopsTests : IAsyncLifetime, IAsyncDisposable
{
    private readonly HubWorld _world = new();
    private readonly CancellationTokenSource _end = new();
    private Task _loops = Task.CompletedTask;

    public Task InitializeAsync()
    {
        _world.Reports.IsMeaningful = true;
        _loops = Task.WhenAll(_world.Heartbeat.RunAsync(_end.Token), _world.Poll.RunAsync(_end.Token));
        return _world.Time.UntilAsync(() => _world.Count("operations") > 1);
    }

    async Task IAsyncLifetime.DisposeAsync() => await DisposeAsync();

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        await _loops.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        _world.Dispose();
        _end.Dispose();
    }

    [Fact]
    public async Task Hour_without_the_hub_is_at_most_a_line_a_minute_of_all_loops()
    {
        var start = _world.Time.GetUtcNow();
        _world.Hub.Handles(_ => new HttpResponseMessage(HttpStatusCode.BadGateway));
        await _world.Time.UntilAsync(() => _world.Time.GetUtcNow() - start >= TimeSpan.FromHours(1), TimeSpan.FromSeconds(3));
        Assert.InRange(_world.OutageLog.Lines.Count, 30, 61);

        _world.Hub.Handles(_ => new HttpResponseMessage(HttpStatusCode.NoContent));
        await _world.Time.UntilAsync(() => _world.Connection.Link.IsRegistered);
        await _world.Time.UntilAsync(() => _world.OutageLog.Lines[^1].Contains("back", StringComparison.Ordinal));

        Assert.Matches("^Information: The hub is back after 01:0[0-9]:[0-9]{2} and [0-9]+ failed attempts$", _world.OutageLog.Lines[^1]);
        Assert.Single(_world.OutageLog.Lines, line => line.Contains("failures before it", StringComparison.Ordinal));
    }
}
