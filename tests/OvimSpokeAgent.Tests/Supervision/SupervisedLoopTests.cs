using System.Threading.Channels;
using Microsoft.Extensions.Logging.Abstractions;
using OvimSpokeAgent.Supervision;
using OvimSpokeAgent.Tests.VirtualMachines;

namespace OvimSpokeAgent.Tests.Supervision;

public sealed class SupervisedLoopTests : IAsyncLifetime, IAsyncDisposable
{
    private readonly TestTime _time = new();
    private readonly RunningLoops _registry = new();
    private readonly ScriptedLoop _loop = new();
    private readonly SupervisedLoop<ScriptedLoop> _supervised;

    public SupervisedLoopTests() => _supervised = new SupervisedLoop<ScriptedLoop>(
        _loop, _registry, _time, NullLogger<ScriptedLoop>.Instance, jitter: () => 1);

    [Fact]
    public async Task Loop_runs_until_the_host_stops()
    {
        await _supervised.StartAsync(default);
        await Eventually.HoldsAsync(() => _loop.Runs == 1);

        await _supervised.StopAsync(default);

        Assert.True(_supervised.ExecuteTask!.IsCompletedSuccessfully);
        Assert.Equal((0, null), (_supervised.Failures, _supervised.RecentFailure));
    }

    [Fact]
    public async Task Loop_that_fails_starts_again_after_a_growing_wait()
    {
        await _supervised.StartAsync(default);

        foreach (var seconds in (int[])[1, 2, 4, 8, 16, 30, 30])
        {
            _loop.Fails(new InvalidOperationException($"before {seconds} s"));
            var wait = await _time.NextWaitAsync(TimeSpan.Zero, TimeSpan.FromHours(1));
            Assert.Equal(TimeSpan.FromSeconds(seconds), wait);
            Assert.Equal($"before {seconds} s", _supervised.RecentFailure?.Message);
            _time.Advance(wait);
        }

        await Eventually.HoldsAsync(() => _loop.Runs == 8);
        Assert.Equal(7, _supervised.Failures);
    }

    [Fact]
    public async Task Failure_after_a_calm_time_is_the_first_again()
    {
        await _supervised.StartAsync(default);
        for (var i = 0; i < 4; i++)
        {
            _loop.Fails(new InvalidOperationException("again"));
            _time.Advance(await _time.NextWaitAsync(TimeSpan.Zero, TimeSpan.FromHours(1)));
        }
        await Eventually.HoldsAsync(() => _loop.Runs == 5);

        _time.Advance(TimeSpan.FromMinutes(1));
        _loop.Fails(new InvalidOperationException("after a while"));

        Assert.Equal(TimeSpan.FromSeconds(1), await _time.NextWaitAsync(TimeSpan.Zero, TimeSpan.FromHours(1)));
    }

    [Fact]
    public async Task Failure_is_recent_for_a_minute()
    {
        await _supervised.StartAsync(default);
        _loop.Fails(new InvalidOperationException("a bug"));
        await _time.NextWaitAsync(TimeSpan.Zero, TimeSpan.FromHours(1));

        _time.Advance(TimeSpan.FromSeconds(59));
        Assert.NotNull(_supervised.RecentFailure);
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Null(_supervised.RecentFailure);
        Assert.Equal(1, _supervised.Failures);
    }

    [Fact]
    public async Task Cancellation_that_is_not_the_hosts_is_a_failure() // a time limit inside of the loop, for example
    {
        await _supervised.StartAsync(default);
        _loop.Fails(new TaskCanceledException("no answer in time"));

        await _time.NextWaitAsync(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1));

        Assert.Equal("no answer in time", _supervised.RecentFailure?.Message);
    }

    [Fact]
    public async Task Memory_that_is_out_is_not_handled_here()
    {
        await _supervised.StartAsync(default);

        _loop.Fails(new InvalidOperationException("it failed", new InsufficientMemoryException()));

        await Assert.ThrowsAsync<InvalidOperationException>(() => _supervised.ExecuteTask!.WaitAsync(Limits.Patience));
        Assert.Equal((1, 0), (_loop.Runs, _supervised.Failures));
    }

    [Fact]
    public async Task Loop_that_has_nothing_more_to_do_is_not_started_again()
    {
        await _supervised.StartAsync(default);

        _loop.Ends();

        await _supervised.ExecuteTask!.WaitAsync(Limits.Patience);
        Assert.Equal((1, 0), (_loop.Runs, _supervised.Failures));
    }

    [Fact]
    public async Task Stop_during_the_wait_ends_it()
    {
        await _supervised.StartAsync(default);
        _loop.Fails(new InvalidOperationException("a bug"));
        await _time.NextWaitAsync(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1));

        await _supervised.StopAsync(Limits.Token());

        Assert.True(_supervised.ExecuteTask!.IsCompletedSuccessfully);
        Assert.Equal(1, _loop.Runs);
    }

    [Fact]
    public async Task Failure_while_stopping_is_told_and_ends_it()
    {
        _loop.FailsOnStop = true;
        await _supervised.StartAsync(default);
        await Eventually.HoldsAsync(() => _loop.Runs == 1);

        await _supervised.StopAsync(Limits.Token());

        Assert.True(_supervised.ExecuteTask!.IsCompletedSuccessfully);
        Assert.Equal("the last step failed", _supervised.RecentFailure?.Message);
    }

    [Fact]
    public async Task Loops_of_the_host_are_known_to_the_registry()
    {
        await _supervised.StartAsync(default);

        Assert.Equal("scripted", Assert.Single(_registry.Loops).Name);
    }

    public Task InitializeAsync() => Task.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        await _supervised.StopAsync(Limits.Token());
        _supervised.Dispose();
    }

    Task IAsyncLifetime.DisposeAsync() => DisposeAsync().AsTask();

    /// <summary>Waits for what a test lets it do.</summary>
    internal sealed class ScriptedLoop : ILoop
    {
        private readonly Channel<Exception?> _steps = Channel.CreateUnbounded<Exception?>();
        private int _runs;

        public string Name => "scripted";

        public int Runs => Volatile.Read(ref _runs);

        public bool FailsOnStop { get; set; }

        /// <summary>The run that waits, or the next, fails.</summary>
        public void Fails(Exception exception) => Assert.True(_steps.Writer.TryWrite(exception));

        /// <summary>The run that waits, or the next, ends in good order.</summary>
        public void Ends() => Assert.True(_steps.Writer.TryWrite(null));

        public async Task RunAsync(CancellationToken cancellationToken)
        {
            Interlocked.Increment(ref _runs);
            try
            {
                if (await _steps.Reader.ReadAsync(cancellationToken) is { } exception) throw exception;
            }
            catch (OperationCanceledException) when (FailsOnStop && cancellationToken.IsCancellationRequested)
            {
                throw new InvalidOperationException("the last step failed");
            }
        }
    }
}
