using OvimSpokeAgent.Cluster;

namespace OvimSpokeAgent.Operations;

/// <summary>What is known of the attempts of one execution.</summary>
internal sealed class ExecutionTrail(ExecutionSlot slot)
{
    public ExecutionSlot Slot => slot;

    /// <summary>What the last attempt that failed failed with; null: none did.</summary>
    public string? LastError { get; private set; }

    /// <summary>
    /// An answer did not tell whether its request took effect, or nothing could be asked any more: what is to be done may
    /// have been done.
    /// </summary>
    public bool IsUnclear { get; set; }

    /// <summary>Since when, as a timestamp, the credentials are refused without a break; null: they are not.</summary>
    public long? UnauthorizedSince { get; private set; }

    public void Failed(KubernetesApiException error, long now)
    {
        LastError = error.Message;
        UnauthorizedSince = error.Reason is ApiErrorReason.Unauthorized ? UnauthorizedSince ?? now : null;
        IsUnclear |= error.Reason is ApiErrorReason.Unavailable or ApiErrorReason.Unauthorized || error.Denied is not null;
    }
}
