namespace OvimSpokeAgent.Operations;

/// <summary>How one attempt to deliver a result ended.</summary>
internal enum DeliveryOutcome
{
    Delivered,

    /// <summary>The hub will never take it as it is.</summary>
    Refused,

    /// <summary>Worth another attempt.</summary>
    Unreachable,
}

/// <summary>One attempt to deliver a result, with the reason where it did not work.</summary>
internal readonly record struct DeliveryAttempt(DeliveryOutcome Outcome, string? Reason = null);

/// <summary>The way to the hub, as far as results need it.</summary>
internal interface IResultChannel
{
    /// <summary>Completes while the hub is there; results wait for it together with the rest of the hub's traffic.</summary>
    Task WaitUntilOpenAsync(CancellationToken cancellationToken);

    /// <summary>Sends a result once; throws nothing but the caller's cancellation.</summary>
    Task<DeliveryAttempt> SendAsync(string operationId, ReadOnlyMemory<byte> body, CancellationToken cancellationToken);
}
