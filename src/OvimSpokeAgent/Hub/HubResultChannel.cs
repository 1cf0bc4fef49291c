using OvimSpokeAgent.Operations;

namespace OvimSpokeAgent.Hub;

/// <summary>Sends results while the hub takes reports, or answers whatever it is asked.</summary>
internal sealed class HubResultChannel(HubClient hub, HubConnection connection, HubPresence presence, HubOutage outage, RetryAfterGate gate)
    : IResultChannel
{
    public event Action<HubSign>? Heard
    {
        add => presence.Heard += value;
        remove => presence.Heard -= value;
    }

    public TimeSpan HeldFor => gate.Remaining(HubEndpoint.Result);

    public async Task WaitUntilOpenAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var answer = presence.Answer;
            if (connection.Link.IsRegistered || presence.IsAnswering) return;
            await answer.WaitAsync(cancellationToken);
        }
    }

    public async Task<DeliveryAttempt> SendAsync(
        string operationId, ReadOnlyMemory<byte> body, CancellationToken cancellationToken)
    {
        var attempt = await hub.SendAsync(operationId, body, cancellationToken);
        // A single result that the hub does not take tells nothing of the hub.
        if (attempt.Outcome is DeliveryOutcome.Unreachable) outage.Failed(HubEndpoint.Result, attempt.Reason ?? "no answer");
        else if (attempt.Outcome is not DeliveryOutcome.NotTried) outage.Answered(HubEndpoint.Result);
        return attempt;
    }
}
