namespace OvimSpokeAgent.Supervision;

/// <summary>Names the part of the agent that runs here, also across its waits: what an error that ends the process is put down to.</summary>
internal static class CurrentComponent
{
    private static readonly AsyncLocal<string?> Current = new();

    /// <summary>A loop, a kind of operation, an endpoint; null: nobody said.</summary>
    public static string? Name
    {
        get => Current.Value;
        set => Current.Value = value;
    }
}
