using Microsoft.Extensions.Time.Testing;
using OvimSpokeAgent.Configuration;
using OvimSpokeAgent.Hub;
using OvimSpokeAgent.Tests.Configuration;

namespace OvimSpokeAgent.Tests.Hub;

public sealed class PushGateTests
{
    private const string Token = "Bearer push-token";

    private readonly FakeTimeProvider _time = new();
    private readonly PushGate _gate;

    public PushGateTests()
    {
        var settings = new TestEnvironment()
            .With("OVIM_PUSH_TOKEN_FILE", "/token").WithFile("/token", "push-token").LoadClean();
        var metrics = Prometheus.Metrics.WithCustomRegistry(Prometheus.Metrics.NewCustomRegistry());
        _gate = new PushGate(
            new PushCredentials(settings, _ => new FileText("push-token", null)), new HubMetrics(metrics), _time);
    }

    [Fact]
    public void Hub_may_push_two_hundred_at_once_and_then_fifty_a_second()
    {
        Assert.All(Judge(Token, 200), outcome => Assert.Equal(PushOutcome.Accepted, outcome));
        Assert.Equal([PushOutcome.Limited], Judge(Token, 1));

        _time.Advance(TimeSpan.FromSeconds(1));

        Assert.Equal(50, Judge(Token, 100).Count(outcome => outcome is PushOutcome.Accepted));
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
        Assert.All(Judge("Bearer wrong", 20), outcome => Assert.Equal(PushOutcome.Unauthorized, outcome));
        Assert.Equal([PushOutcome.Limited], Judge(null, 1));

        _time.Advance(TimeSpan.FromSeconds(1));

        Assert.Equal([PushOutcome.Unauthorized, PushOutcome.Limited], Judge("Bearer wrong", 2));
        Assert.Equal([PushOutcome.Accepted], Judge(Token, 1));
    }

    private List<PushOutcome> Judge(string? authorization, int times) =>
        [.. Enumerable.Range(0, times).Select(_ => _gate.Judge(authorization, null, null))];
}
