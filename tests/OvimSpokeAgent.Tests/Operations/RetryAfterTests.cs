using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Operations;
using OvimSpokeAgent.Supervision;
using OvimSpokeAgent.Tests.Cluster;
using OvimSpokeAgent.Tests.Configuration;
using OvimSpokeAgent.Tests.VirtualMachines;
using OvimSpokeAgent.Validation;

namespace OvimSpokeAgent.Tests.Operations;

/// <summary>An API server under load that says <c>Retry-After: 0</c>: it is asked again, but not without end.</summary>
public sealed class RetryAfterTests
{
    private const int Failures = 8;

    // Waits of 200 ms, 400 ms and so on, up to 5 s at least, and chance halves each of them.
    private static readonly TimeSpan LeastWait = TimeSpan.FromSeconds(10);

    private readonly TestTime _time = new();
    private int _attempts;

    [Fact]
    public async Task Store_that_fails_is_left_alone_for_longer_and_longer()
    {
        var attempts = new StoreAttempts(() => 0, _time, NullLogger.Instance, () => { });

        var stored = attempts.UntilStoredAsync(_ => Task.FromResult(Attempt()), Limits.Token());

        Assert.Equal(1, _attempts);
        await _time.UntilAsync(() => stored.IsCompleted, TimeSpan.FromMilliseconds(100));
        Assert.True(Waited > LeastWait, $"{Failures} failures within {Waited}");
    }

    [Theory]
    [InlineData(ApiErrorReason.TooManyRequests, true)]
    [InlineData(ApiErrorReason.Unavailable, false)]
    internal async Task First_request_to_come_back_later_is_no_failure_of_the_store(ApiErrorReason reason, bool isPassing)
    {
        var attempts = new StoreAttempts(() => 0, _time, NullLogger.Instance, () => { });
        var answers = new Queue<ApiErrorReason>([reason, ApiErrorReason.TooManyRequests]);

        var stored = attempts.UntilStoredAsync(
            _ => answers.TryDequeue(out var answer) ? throw new KubernetesApiException(answer, "too busy") : Task.FromResult(1),
            Limits.Token());

        Assert.Equal(isPassing, attempts.Problem!.IsPassing);
        await _time.UntilAsync(() => answers.Count == 0, TimeSpan.FromMilliseconds(100));
        Assert.False(attempts.Problem!.IsPassing);
        await _time.UntilAsync(() => stored.IsCompleted, TimeSpan.FromMilliseconds(100));
        Assert.Null(attempts.Problem);
    }

    [Fact]
    public async Task Operation_that_fails_is_tried_after_longer_and_longer_waits()
    {
        var settings = new TestEnvironment().LoadClean();
        using var journal = new OperationJournal(
            null!, settings, () => 0, _time, NullLogger<OperationJournal>.Instance); // not asked: nothing is fixed
        var executor = new OperationExecutor(
            new OperationRegistry([]),
            journal,
            new ExecutionAttempts(new AccessReviews(new FakeKubernetesApi(_time), _time), () => 0, _time),
            new RunningExecutions(new RunningLoops(), _time),
            settings,
            _time,
            NullLogger<OperationExecutor>.Instance);
        var plan = new OperationPlan { Execute = (_, _) => Task.FromResult(Attempt()) };

        var executed = executor.ExecuteAsync(
            Record(),
            new PreparedOperation(Record().Operation.With(JsonText.EmptyObject), plan, null),
            new ExecutionSlot(new FairSlots(1, _time), "acme"),
            Limits.Token());

        await Eventually.HoldsAsync(() => _attempts == 1);
        await _time.UntilAsync(() => executed.IsCompleted, TimeSpan.FromMilliseconds(100));
        Assert.True((await executed)!.IsCompleted);
        Assert.True(Waited > LeastWait, $"{Failures} failures within {Waited}");
    }

    private TimeSpan Waited => _time.GetUtcNow() - _time.Start;

    private OperationOutcome Attempt() => ++_attempts > Failures
        ? OperationOutcome.Completed(JsonElement.Parse("{}"))
        : throw new KubernetesApiException(ApiErrorReason.TooManyRequests, "too busy", retryAfter: TimeSpan.Zero);

    private JournalRecord Record() => new()
    {
        Operation = new OperationHeader
        {
            Id = "op-1",
            Type = "try",
            Key = new OperationKey("op-key"),
            Timestamp = DateTimeOffset.UnixEpoch,
        },
        State = JournalState.Received,
        BodyBytes = 2,
        Sequence = 1,
        ReceivedAt = _time.GetUtcNow(),
    };
}
