using System.Text.Json;

namespace OvimSpokeAgent.Operations;

/// <summary>The identity of an operation: the name of its journal record, made from id, type, instant and payload.</summary>
internal readonly record struct OperationKey(string Value)
{
    public override string ToString() => Value;
}

/// <summary>An operation of the hub whose envelope is valid; its payload is for the type's handler to judge.</summary>
internal sealed record Operation
{
    /// <summary>The hub's id: usable in a URL's path, but not unique (the hub repeats ids).</summary>
    public required string Id { get; init; }

    /// <summary>The canonical type name (<c>create_vm</c>), or what the hub sent where no handler knows it.</summary>
    public required string Type { get; init; }

    public required OperationKey Key { get; init; }

    /// <summary>When the hub made it.</summary>
    public required DateTimeOffset Timestamp { get; init; }

    /// <summary>A JSON object.</summary>
    public required JsonElement Payload { get; init; }

    /// <summary>The limit the hub set for its execution; null: the agent's default.</summary>
    public TimeSpan? Timeout { get; init; }

    /// <summary>The same operation, with an empty payload.</summary>
    public Operation WithoutPayload() => this with { Payload = Validation.JsonText.EmptyObject };
}
