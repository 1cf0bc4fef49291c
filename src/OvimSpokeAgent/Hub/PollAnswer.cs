namespace OvimSpokeAgent.Hub;

/// <summary>What came of asking the hub for operations; they themselves were handed on as they came.</summary>
/// <param name="Operations">How many arrived whole.</param>
/// <param name="Loss">Why more may have been handed out than arrived; null: nothing was lost.</param>
internal sealed record PollAnswer(int Operations, string? Loss);
