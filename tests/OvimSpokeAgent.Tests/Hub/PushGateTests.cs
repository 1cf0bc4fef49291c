using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using OvimSpokeAgent.Configuration;
using OvimSpokeAgent.Hub;
using OvimSpokeAgent.Tests.Configuration;

namespace OvimSpokeAgent.Tests.Hub;

public sealed class PushGateTests
{
    private const string Token = "Bearer push-token";

    private readonly FakeTimeProvider _time = new();
    private readonly HubConnection _connection;
    private readonly PushGate _gate;

    public PushGateTests()
    {
        _connection = new HubConnection(_time);
        _gate = Gate();
    }

    [Fact]
    public void Hub_may_push_two_hundred_at_once_and_then_fifty_a_second()
    {
        Assert.All(Decide(Token, 200), outcome => Assert.Equal(PushOutcome.Accepted, outcome));
        Assert.Equal([PushOutcome.Limited], Decide(Token, 1));

        _time.Advance(TimeSpan.FromSeconds(1));

        Assert.Equal(50, Decide(Token, 100).Count(outcome => outcome is PushOutcome.Accepted));
    }

    [Fact]
    public void Bodies_of_pushes_that_are_not_answered_take_32_mebibytes_and_not_more()
    {
        Assert.All(Enumerable.Range(0, 32), _ => Assert.True(_gate.TryHold(1 << 20)));
        Assert.False(_gate.TryHold(1));

        _gate.Release(1 << 20);

        Assert.True(_gate.TryHold(1 << 20));
    }

    [Fact]
    public void Who_proves_nothing_gets_twenty_answers_and_then_one_a_second()
    {
        Assert.All(Decide("Bearer wrong", 20), outcome => Assert.Equal(PushOutcome.Unauthorized, outcome));
        Assert.Equal([PushOutcome.Limited], Decide(null, 1));

        _time.Advance(TimeSpan.FromSeconds(1));

        Assert.Equal([PushOutcome.Unauthorized, PushOutcome.Limited], Decide("Bearer wrong", 2));
        Assert.Equal([PushOutcome.Accepted], Decide(Token, 1));
    }

    [Theory]
    [InlineData("10.1.2.3", true)]
    [InlineData("::ffff:10.1.2.3", true)]
    [InlineData("fd00:1::7", true)]
    [InlineData("10.2.0.1", false)]
    [InlineData("::ffff:10.2.0.1", false)]
    [InlineData("fd01::1", false)]
    [InlineData("10.1.9.9", false)] // a trusted proxy that names nobody
    [InlineData(null, false)]
    public void Operations_without_proof_are_taken_from_the_allowed_addresses_only(string? address, bool isAllowed)
    {
        var gate = Gate(
            ("OVIM_PUSH_UNPROVEN", "true"), ("OVIM_PUSH_ALLOWED_CIDRS", "10.1.0.0/16,fd00::/16"), ("OVIM_PUSH_TRUSTED_PROXIES", "10.1.9.0/24"));
        var sender = new PushSender(Address: address is null ? null : IPAddress.Parse(address));

        Assert.Equal(isAllowed ? PushOutcome.Accepted : PushOutcome.Unauthorized, gate.CheckPush(sender));
        Assert.Equal(PushOutcome.Unauthorized, gate.CheckStatusRequest(sender));
        Assert.Equal(PushOutcome.Accepted, gate.CheckPush(sender with { Authorization = Token }));
    }

    [Fact]
    public void Address_alone_proves_nothing_where_that_is_not_set()
    {
        Assert.Equal(PushOutcome.Unauthorized, _gate.CheckPush(new PushSender(Address: IPAddress.Loopback)));
    }

    [Fact]
    public void Hub_counts_as_pushing_once_an_operation_was_accepted()
    {
        foreach (var outcome in Enum.GetValues<PushOutcome>().Except([PushOutcome.Accepted])) _gate.Count(outcome);
        Assert.False(_connection.IsPushed);

        _gate.Count(PushOutcome.Accepted);

        Assert.True(_connection.IsPushed);
    }

    private PushGate Gate(params (string Name, string Value)[] more)
    {
        var environment = new TestEnvironment().With("OVIM_PUSH_TOKEN_FILE", "/token").WithFile("/token", "push-token");
        foreach (var (name, value) in more) environment.With(name, value);
        var settings = environment.Load().Settings!;
        var metrics = Prometheus.Metrics.WithCustomRegistry(Prometheus.Metrics.NewCustomRegistry());
        return new PushGate(
            new PushCredentials(settings, _ => new FileText("push-token", null)),
            settings,
            _connection,
            new HubMetrics(metrics),
            _time,
            NullLogger<PushGate>.Instance);
    }

    private List<PushOutcome> Decide(string? authorization, int times) =>
        [.. Enumerable.Range(0, times).Select(_ => _gate.CheckPush(new PushSender(authorization)))];
}
