namespace OvimSpokeAgent.Operations;

/// <summary>Takes over what one poll brings, while it comes: it is stored in parts of many operations each.</summary>
internal interface IPollIntake
{
    /// <summary>Takes over the next operation.</summary>
    void Take(ReadOnlySpan<byte> operation);

    /// <summary>Nothing more comes; returns when all of it is stored, however long that takes.</summary>
    /// <param name="loss">Why more may have been handed out than arrived; null: nothing was lost.</param>
    Task EndAsync(string? loss);
}
