namespace OvimSpokeAgent.Supervision;

/// <summary>A time that ends once and never comes back: of leadership, or of the journal being open.</summary>
#pragma warning disable CA1001 // a source without a timer holds nothing that must be let go
internal sealed class Term
#pragma warning restore CA1001
{
    private readonly CancellationTokenSource _end = new();

    /// <summary>Cancelled when it ends: everything that writes stops.</summary>
    public CancellationToken Ended => _end.Token;

    public bool IsOver => _end.IsCancellationRequested;

    /// <summary>Ends it; safe to call more than once.</summary>
    public void End() => _end.Cancel();
}
