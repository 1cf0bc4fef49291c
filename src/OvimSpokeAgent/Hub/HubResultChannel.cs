using OvimSpokeAgent.Operations;

namespace OvimSpokeAgent.Hub;

/// <summary>Sends results while the hub takes reports, or answers whatever it is asked.</summary>
internal sealed class HubResultChannel(HubClient hub, HubConnection connection, HubPresence presence, RetryAfterGate gate)
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

    public Task<DeliveryAttempt> SendAsync(
        string operationId, ReadOnlyMemory<byte> body, CancellationToken cancellationToken) =>
        hub.SendAsync(operationId, body, cancellationToken);
}
