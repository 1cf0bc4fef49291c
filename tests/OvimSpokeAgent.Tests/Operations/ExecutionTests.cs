using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Operations;
using OvimSpokeAgent.Supervision;
using OvimSpokeAgent.Tests.Cluster;
using OvimSpokeAgent.Tests.Configuration;
using OvimSpokeAgent.Tests.VirtualMachines;

namespace OvimSpokeAgent.Tests.Operations;

/// <summary>What an execution makes of failures: which are final, and what is done before that is said.</summary>
public sealed class ExecutionTests
{
    private static readonly NeededPermission Creating = new("create", new("kubevirt.io", "", "virtualmachines", ""), "acme");

    private readonly TestTime _time = new();
    private readonly FakeKubernetesApi _cluster;
    private bool _isAllowed;
    private int _attempts;
    private int _readBacks;
    private int _givenUp;

    public ExecutionTests() => _cluster = new FakeKubernetesApi(_time) { Reviews = _ => _isAllowed };

    [Fact]
    public async Task What_rbac_denies_is_denied_when_the_reviews_have_said_so_for_half_a_minute()
    {
        var outcome = await RunAsync(_ => Denied());

        Assert.Equal("no such right", outcome.FailureOf());
        Assert.InRange(Waited, TimeSpan.FromSeconds(30), TimeSpan.FromSeconds(60));
    }

    [Fact]
    public async Task Denial_that_the_reviews_do_not_confirm_is_tried_again()
    {
        _isAllowed = true;

        var outcome = await RunAsync(n => n < 30 ? Denied() : null);

        Assert.True(outcome.IsCompleted);
        Assert.True(Waited > TimeSpan.FromMinutes(2));
    }

    [Fact]
    public async Task Server_that_denies_and_confirms_it_until_its_caches_are_filled_costs_nothing()
    {
        var outcome = await RunAsync(_ => Waited < TimeSpan.FromSeconds(25) ? Denied() : null);

        Assert.True(outcome.IsCompleted);
    }

    [Fact]
    public async Task Denials_with_a_break_begin_anew()
    {
        var outcome = await RunAsync(_ =>
        {
            _isAllowed = Waited.TotalSeconds is > 15 and < 28;
            return Waited < TimeSpan.FromSeconds(50) ? Denied() : null;
        });

        Assert.True(outcome.IsCompleted);
    }

    [Fact]
    public async Task Review_that_is_not_answered_denies_nothing()
    {
        _cluster.Fault = _ => FakeKubernetesApi.Error(ApiErrorReason.Forbidden, "reviews are denied, too");

        var outcome = await RunAsync(_ => Waited < TimeSpan.FromMinutes(2) ? Denied() : null);

        Assert.True(outcome.IsCompleted);
    }

    [Fact]
    public async Task Credentials_are_refused_when_they_have_been_for_half_a_minute()
    {
        Assert.True((await RunAsync(_ => Waited < TimeSpan.FromSeconds(25) ? Unauthorized() : null)).IsCompleted);
        var before = Waited;

        Assert.Equal("Unauthorized", (await RunAsync(_ => Unauthorized())).FailureOf());

        Assert.InRange(Waited - before, TimeSpan.FromSeconds(30), TimeSpan.FromSeconds(60));
    }

    [Fact]
    public async Task Refusal_is_final_at_once_and_nothing_is_read_back()
    {
        var outcome = await RunAsync(_ => FakeKubernetesApi.Error(ApiErrorReason.Forbidden, "exceeded quota"));

        Assert.Equal("exceeded quota", outcome.FailureOf());
        Assert.Equal((1, 0, 1), (_attempts, _readBacks, _givenUp));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Refusal_after_an_answer_that_was_lost_is_read_back_first(bool hasLanded)
    {
        var outcome = await RunAsync(
            n => n == 1 ? FakeKubernetesApi.Error(ApiErrorReason.Unavailable, "reset") : FakeKubernetesApi.Error(ApiErrorReason.Invalid, "no"),
            readBack: _ => hasLanded ? Done : null);

        Assert.Equal(hasLanded, outcome.IsCompleted);
        Assert.Equal((1, hasLanded ? 0 : 1), (_readBacks, _givenUp));
    }

    [Fact]
    public async Task Failure_that_the_handler_found_after_a_lost_answer_is_read_back_first()
    {
        var outcome = await RunAsync(
            n => n == 1 ? FakeKubernetesApi.Error(ApiErrorReason.Unavailable, "reset") : null,
            readBack: _ => Done,
            end: OperationOutcome.Failed("it is someone else's"));

        Assert.True(outcome.IsCompleted);
    }

    [Fact]
    public async Task Read_back_that_meets_a_starting_server_is_tried_again()
    {
        _isAllowed = true;

        var outcome = await RunAsync(
            n => n == 1 ? FakeKubernetesApi.Error(ApiErrorReason.Unavailable, "reset") : FakeKubernetesApi.Error(ApiErrorReason.Invalid, "no"),
            readBack: n => n < 4 ? throw Denied() : Done);

        Assert.True(outcome.IsCompleted);
    }

    [Fact]
    public async Task What_cannot_be_found_out_is_said()
    {
        var outcome = await RunAsync(
            n => n == 1 ? FakeKubernetesApi.Error(ApiErrorReason.Unavailable, "reset") : FakeKubernetesApi.Error(ApiErrorReason.Invalid, "no"),
            readBack: _ => throw FakeKubernetesApi.Error(ApiErrorReason.Unavailable, "away"));

        Assert.Equal("no; whether it was done all the same could not be found out: away", outcome.FailureOf());
    }

    [Fact]
    public async Task What_is_left_after_giving_up_is_said()
    {
        var outcome = await RunAsync(
            _ => FakeKubernetesApi.Error(ApiErrorReason.Invalid, "no"),
            giveUp: n => n < 3 ? throw FakeKubernetesApi.Error(ApiErrorReason.Unavailable) : "VM acme/web is left");

        Assert.Equal("no; VM acme/web is left", outcome.FailureOf());
        Assert.Equal(3, _givenUp);
    }

    [Fact]
    public async Task Timeout_is_read_back_and_given_up()
    {
        var outcome = await RunAsync(_ => FakeKubernetesApi.Error(ApiErrorReason.TooManyRequests, "busy"));

        Assert.Equal("timed out after 300 s; the last error was: busy", outcome.FailureOf());
        Assert.Equal((1, 1), (_readBacks, _givenUp));
    }

    [Theory]
    [InlineData("quota is missing", "quota is missing; the last error was: the webhook does not answer")]
    [InlineData("not made: the webhook does not answer", "not made: the webhook does not answer")]
    public async Task What_was_half_done_at_the_timeout_is_told_with_what_held_it_up(string found, string said)
    {
        var outcome = await RunAsync(
            _ => FakeKubernetesApi.Error(ApiErrorReason.Unavailable, "the webhook does not answer"),
            readBack: _ => OperationOutcome.Failed(found));

        Assert.Equal(said, outcome.FailureOf());
    }

    [Fact]
    public async Task Bug_of_a_handler_is_given_up_too()
    {
        var outcome = await RunAsync(_ => new InvalidOperationException("oops"));

        Assert.Equal("internal error: InvalidOperationException: oops", outcome.FailureOf());
        Assert.Equal(1, _givenUp);
    }

    // A webhook may send back the whole object that it refuses, or a part of it.
    [Theory]
    [InlineData("Zq7vKx2mWp9")]
    [InlineData("#cloud-config\\npassword: Zq7vKx2mWp9\\n")]
    [InlineData("said Zq7vKx2mWp9 to \\\"all\\\"")]
    [InlineData("PLAINsaid Zq7vKx2mWp9 to \"all\"")]
    [InlineData("WnE3dkt4Mm1XcDkgaW4gYmFzZTY0")]
    [InlineData("Zq7vKx2mW…")]
    [InlineData("password: Zq7vKx2mWp…; the last")]
    [InlineData("c3NoLWVkMjU1MTkgWnE3dkt4Mm1XcDkg…")]
    public async Task Secret_that_is_sent_back_is_not_shown(string echo)
    {
        const string Payload = """
            {"name":"web","cloud_init":"#cloud-config\npassword: Zq7vKx2mWp9\n","ssh_keys":["ssh-ed25519 Zq7vKx2mWp9 me","Zq7vKx2mWp9 in base64"],
             "nested":{"db_password":"Zq7vKx2mWp9"},"annotations":{"a":"said Zq7vKx2mWp9 to \"all\"","b":"yes"}}
            """;

        var error = (await RunAsync(_ => new KubernetesApiException(ApiErrorReason.Forbidden, $"denied: yes, VM web: {echo}"), payload: Payload)).FailureOf();

        Assert.StartsWith("denied: yes, VM web: ", error, StringComparison.Ordinal);
        Assert.Contains("(not shown)", error, StringComparison.Ordinal);
        Assert.DoesNotContain("Zq7vKx2m", error, StringComparison.Ordinal);
        Assert.DoesNotContain("WnE3dkt4", error, StringComparison.Ordinal);
    }

    private static OperationOutcome Done => OperationOutcome.Completed(JsonElement.Parse("{}"));

    private TimeSpan Waited => _time.GetUtcNow() - _time.Start;

    private static KubernetesApiException Denied() => new(ApiErrorReason.Forbidden, "no such right", denied: Creating);

    private static KubernetesApiException Unauthorized() => new(ApiErrorReason.Unauthorized, "Unauthorized");

    /// <summary>Executes a plan whose nth attempt fails so, or ends.</summary>
    private async Task<OperationOutcome> RunAsync(
        Func<int, Exception?> failure,
        Func<int, OperationOutcome?>? readBack = null,
        Func<int, string?>? giveUp = null,
        OperationOutcome? end = null,
        string payload = "{}")
    {
        readBack ??= _ => null;
        giveUp ??= _ => null;
        var settings = new TestEnvironment().LoadClean();
        using var journal = new OperationJournal(null!, settings, () => 0, _time, NullLogger<OperationJournal>.Instance); // not asked
        var executor = new OperationExecutor(
            new OperationRegistry([]),
            journal,
            new ExecutionAttempts(new AccessReviews(_cluster, _time), () => 0, _time),
            new RunningExecutions(new RunningLoops(), _time),
            settings,
            _time,
            NullLogger<OperationExecutor>.Instance);
        var plan = new OperationPlan
        {
            Execute = (_, _) => failure(++_attempts) is { } e ? Task.FromException<OperationOutcome>(e) : Task.FromResult(end ?? Done),
            ReadBack = (_, _) => Task.FromResult(readBack(++_readBacks)),
            GiveUp = (_, _) => Task.FromResult(giveUp(++_givenUp)),
        };
        var running = executor.ExecuteAsync(
            Record(),
            new PreparedOperation(Record().Operation.With(JsonElement.Parse(payload)), plan, null),
            new ExecutionSlot(new FairSlots(1, _time), "acme"),
            Limits.Token());
        await _time.UntilAsync(() => running.IsCompleted, TimeSpan.FromMilliseconds(500));
        return (await running)!;
    }

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
