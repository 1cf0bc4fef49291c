using Microsoft.Extensions.Time.Testing;
using OvimSpokeAgent.Agent;
using OvimSpokeAgent.Logging;

namespace OvimSpokeAgent.Tests.Agent;

public sealed class PossibleLossesTests
{
    private const string Gateway = "502 Bad Gateway";

    private readonly FakeTimeProvider _time = new();
    private readonly ReportErrors _errors = new();
    private readonly PossibleLosses _losses;

    public PossibleLossesTests() => _losses = new PossibleLosses(_errors, _time);

    [Fact]
    public void Answers_from_which_operations_arrived_are_told_each()
    {
        _losses.Seen("cut", 2);
        _losses.Seen("cut", 1);

        Assert.Equal(["a poll answer was not whole, operations may be lost: cut (2 times since the last report)"], _errors.Pending());
    }

    [Fact]
    public void Hub_that_answers_for_an_hour_with_an_error_is_told_at_once_and_then_once_an_hour()
    {
        for (var i = 0; i < 720; i++)
        {
            _losses.Seen(Gateway, 0);
            _time.Advance(TimeSpan.FromSeconds(5));
        }
        Assert.Single(_errors.Pending());

        _losses.Seen(Gateway, 0);

        Assert.Equal($"720 poll answers were not whole, operations may be lost: {Gateway}", _errors.Pending()[1]);
    }

    [Fact]
    public void When_it_is_over_the_rest_is_told_and_the_next_is_new()
    {
        for (var i = 0; i < 3; i++) _losses.Seen(Gateway, 0);

        _losses.Seen(null, 0);
        _losses.Seen(null, 0);
        _losses.Seen("503", 0);

        Assert.Equal(
            [
                $"a poll answer was not whole, operations may be lost: {Gateway}",
                $"2 poll answers were not whole, operations may be lost: {Gateway}",
                "a poll answer was not whole, operations may be lost: 503",
            ],
            _errors.Pending());
    }
}
