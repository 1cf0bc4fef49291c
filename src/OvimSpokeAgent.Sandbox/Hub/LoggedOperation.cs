namespace OvimSpokeAgent.Sandbox.Hub;

/// <summary>What became of an operation. Its payload is not kept: it may hold what is secret.</summary>
internal sealed record LoggedOperation
{
    /// <summary>Counts operations in their order; ids repeat.</summary>
    public required long Number { get; init; }

    /// <summary>For whom it is: an agent's id, or, where today's hub asks for none, "zone …"; null for a result that nobody asked for.</summary>
    public string? For { get; init; }

    /// <summary>Its id; null where it is no text.</summary>
    public string? Id { get; init; }

    public string? Type { get; init; }

    /// <summary>The VM, VDC or namespace that the payload names.</summary>
    public string? Subject { get; init; }

    public required DateTimeOffset QueuedAt { get; init; }

    public OperationStage Stage { get; init; }

    /// <summary>Whether it went by push; null: not yet on its way.</summary>
    public bool? WasPushed { get; init; }

    /// <summary>Why it is lost.</summary>
    public string? Problem { get; init; }

    /// <summary>The last result of its id.</summary>
    public ReceivedResult? Result { get; init; }

    /// <summary>How many results came.</summary>
    public int Results { get; init; }
}
