using System.Text.Json.Nodes;

namespace OvimSpokeAgent.Sandbox.Hub;

/// <summary>How far a VDC is, as the hub knows it; one that is gone has no record.</summary>
public enum HubVdcPhase
{
    Creating,
    Active,
    Deleting,
}

/// <summary>A VDC as the hub has it.</summary>
public sealed record HubVdc
{
    public required string Name { get; init; }

    /// <summary>The zone, which is the name of the cluster too, that it is in.</summary>
    public required string ZoneId { get; init; }

    /// <summary>What the hub sends for it, but for what only one kind of operation has.</summary>
    public required JsonObject Declared { get; init; }

    public HubVdcPhase Phase { get; init; }

    /// <summary>The last operation for it, by whose id the hub knows its result.</summary>
    public required string OperationId { get; init; }

    /// <summary>Why the last operation failed, as far as the hub reads it; null: it did not.</summary>
    public string? Problem { get; init; }
}

/// <summary>An operation that no agent will ever get.</summary>
/// <param name="Operation">The operation.</param>
/// <param name="Why">What became of the attempt to send it.</param>
public sealed record LostOperation(JsonObject Operation, string Why);
