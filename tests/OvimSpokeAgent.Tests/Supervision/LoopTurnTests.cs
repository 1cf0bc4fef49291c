using Microsoft.Extensions.Logging.Abstractions;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Hub;
using OvimSpokeAgent.Supervision;
using OvimSpokeAgent.Tests.VirtualMachines;

namespace OvimSpokeAgent.Tests.Supervision;

/// <summary>What a supervisor sees of its loop's turns.</summary>
public sealed class LoopTurnTests
{
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    private readonly TestTime _time = new();

    [Fact]
    public async Task Turn_that_makes_no_progress_stands_still_until_it_ends()
    {
        var end = new TaskCompletionSource();
        var (loop, status) = await RunAsync(async () =>
        {
            using var turn = LoopTurn.Begin();
            await end.Task;
        });
        Assert.Equal(TimeSpan.Zero, status.StandsStillFor);

        _time.Advance(6 * Minute);

        Assert.Equal(6 * Minute, status.StandsStillFor);
        end.SetResult();
        await loop.IsWaitingAsync();
        Assert.Equal(TimeSpan.Zero, status.StandsStillFor);
    }

    [Fact]
    public async Task Loop_that_waits_between_its_turns_does_not_stand_still()
    {
        var (loop, status) = await RunAsync(() =>
        {
            using var turn = LoopTurn.Begin();
            return Task.CompletedTask;
        });
        await loop.IsWaitingAsync();

        _time.Advance(60 * Minute);

        Assert.Equal(TimeSpan.Zero, status.StandsStillFor);
    }

    [Fact]
    public async Task Requests_are_progress()
    {
        var answers = new Queue<TaskCompletionSource<HttpResponseMessage>>([new(), new()]);
        using var http = new HttpClient(new ProgressHandler { InnerHandler = new AnswersLater(answers) });
        var (_, status) = await RunAsync(async () =>
        {
            using var turn = LoopTurn.Begin();
            using var first = await http.GetAsync(new Uri("http://localhost/1"));
            using var second = await http.GetAsync(new Uri("http://localhost/2"));
        });
        _time.Advance(4 * Minute);
        Assert.Equal(4 * Minute, status.StandsStillFor);

        answers.Peek().SetResult(new HttpResponseMessage());

        await Eventually.HoldsAsync(() => status.StandsStillFor == TimeSpan.Zero);
        _time.Advance(3 * Minute);
        Assert.Equal(3 * Minute, status.StandsStillFor);
    }

    [Fact]
    public async Task Wait_for_something_outside_is_no_standstill_and_what_follows_it_counts_anew()
    {
        var signal = new AsyncSignal();
        var isThere = false;
        var end = new TaskCompletionSource();
        var (_, status) = await RunAsync(async () =>
        {
            using var turn = LoopTurn.Begin();
            await signal.WaitUntilAsync(() => isThere, default);
            await end.Task;
        });

        _time.Advance(60 * Minute);
        Assert.Equal(TimeSpan.Zero, status.StandsStillFor);
        isThere = true;
        signal.Set();

        await Eventually.HoldsAsync(() =>
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            return status.StandsStillFor > TimeSpan.Zero;
        });
        Assert.True(status.StandsStillFor < Minute);
        end.SetResult();
    }

    [Fact]
    public async Task Of_several_workers_the_one_that_stands_still_for_longest_counts()
    {
        var ends = new[] { new TaskCompletionSource(), new TaskCompletionSource() };
        var (_, status) = await RunAsync(async () =>
        {
            var first = WorkAsync(ends[0].Task);
            await Task.Delay(Minute, _time);
            await Task.WhenAll(first, WorkAsync(ends[1].Task));
        });
        await _time.NextWaitAsync(Minute, Minute);
        _time.Advance(Minute);
        await Eventually.HoldsAsync(() => status.StandsStillFor == Minute);

        ends[0].SetResult();

        await Eventually.HoldsAsync(() => status.StandsStillFor == TimeSpan.Zero);
        _time.Advance(2 * Minute);
        Assert.Equal(2 * Minute, status.StandsStillFor);
        ends[1].SetResult();

        static async Task WorkAsync(Task end)
        {
            using var turn = LoopTurn.Begin();
            await end;
        }
    }

    [Fact]
    public void Work_that_no_loop_does_is_not_watched()
    {
        using var turn = LoopTurn.Begin();

        Assert.Null(turn);
        Assert.Null(LoopTurn.Pause());
        LoopTurn.Progress();
    }

    public static TheoryData<Exception, int> Failures => new()
    {
        { new InvalidOperationException("a bug"), 1 },
        { new KubernetesApiException(ApiErrorReason.Unavailable, "away"), 0 },
        { new HubException("away"), 0 },
        { new HttpRequestException("refused"), 0 },
        { new TaskCanceledException("no answer in time"), 0 },
    };

    [Theory]
    [MemberData(nameof(Failures))]
    public async Task Failures_that_hub_or_api_server_cause_are_not_the_loops_own(Exception failure, int own)
    {
        var (_, status) = await RunAsync(() => Task.FromException(failure));
        await _time.NextWaitAsync(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1));

        Assert.Equal((1, own), (status.Failures, status.OwnFailures));

        _time.Advance(10 * Minute);
        await Eventually.HoldsAsync(() => status.Failures == 2);
        Assert.Equal(own, status.OwnFailures); // the first is forgotten
    }

    private async Task<(OneTurnLoop Loop, ILoopStatus Status)> RunAsync(Func<Task> turn)
    {
        var loop = new OneTurnLoop(turn);
        var supervised = new SupervisedLoop<OneTurnLoop>(loop, new RunningLoops(), _time, NullLogger<OneTurnLoop>.Instance, () => 1);
        await supervised.StartAsync(default);
        await loop.HasBegunAsync();
        return (loop, supervised);
    }

    private sealed class OneTurnLoop(Func<Task> turn) : ILoop
    {
        private readonly TaskCompletionSource _begun = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource _waits = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public string Name => "one turn";

        public Task HasBegunAsync() => _begun.Task.WaitAsync(Limits.Patience);

        public Task IsWaitingAsync() => _waits.Task.WaitAsync(Limits.Patience);

        public async Task RunAsync(CancellationToken cancellationToken)
        {
            var work = turn();
            _begun.TrySetResult();
            await work;
            _waits.TrySetResult();
            await new TaskCompletionSource().Task.WaitAsync(cancellationToken);
        }
    }

    private sealed class AnswersLater(Queue<TaskCompletionSource<HttpResponseMessage>> answers) : HttpMessageHandler
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var answer = await answers.Peek().Task;
            answers.Dequeue();
            return answer;
        }
    }
}
