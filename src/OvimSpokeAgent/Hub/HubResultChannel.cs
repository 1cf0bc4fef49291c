using OvimSpokeAgent.Operations;

namespace OvimSpokeAgent.Hub;

/// <summary>Sends results while the hub takes reports.</summary>
internal sealed class HubResultChannel(HubClient hub, HubConnection connection) : IResultChannel
{
    public Task WaitUntilOpenAsync(CancellationToken cancellationToken) =>
        connection.WaitUntilRegisteredAsync(cancellationToken);

    public Task<DeliveryAttempt> SendAsync(
        string operationId, ReadOnlyMemory<byte> body, CancellationToken cancellationToken) =>
        hub.SendAsync(operationId, body, cancellationToken);
}
