namespace OvimSpokeAgent.Operations;

/// <summary>How one attempt to deliver a result ended.</summary>
internal enum DeliveryOutcome
{
    Delivered,

    /// <summary>The hub will never take it as it is.</summary>
    Refused,

    /// <summary>The hub answered, but did not take it: worth another attempt.</summary>
    Failed,

    /// <summary>No answer came: worth another attempt.</summary>
    Unreachable,

    /// <summary>Nothing was sent, so nothing failed.</summary>
    NotTried,
}

/// <summary>One attempt to deliver a result, with the reason where it did not work.</summary>
internal readonly record struct DeliveryAttempt(DeliveryOutcome Outcome, string? Reason = null);

/// <summary>What an answer of the hub on any endpoint says about the results that wait.</summary>
internal enum HubSign
{
    /// <summary>It answers on another endpoint: results that failed may be tried again.</summary>
    Answers,

    /// <summary>The hub has recovered: all waits of before are reset.</summary>
    IsBack,
}

/// <summary>The way to the hub, as far as results need it.</summary>
internal interface IResultChannel
{
    /// <summary>Raised when the hub is heard of on another way than by an attempt's outcome.</summary>
    event Action<HubSign>? Heard;

    /// <summary>For how long the hub asked to be left alone with results; zero: it did not.</summary>
    TimeSpan HeldFor { get; }

    /// <summary>Completes while the hub answers; results wait for it together with the rest of the hub's traffic.</summary>
    Task WaitUntilOpenAsync(CancellationToken cancellationToken);

    /// <summary>Sends a result once; throws nothing but the caller's cancellation.</summary>
    Task<DeliveryAttempt> SendAsync(string operationId, ReadOnlyMemory<byte> body, CancellationToken cancellationToken);
}
