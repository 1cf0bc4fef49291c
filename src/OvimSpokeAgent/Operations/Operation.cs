using System.Runtime.InteropServices;
using System.Text.Json;

namespace OvimSpokeAgent.Operations;

/// <summary>The identity of an operation: the name of its journal record, made from id, type, instant and payload.</summary>
internal readonly record struct OperationKey(string Value)
{
    public override string ToString() => Value;
}

/// <summary>What is kept in memory of every operation: all but its payload.</summary>
internal record OperationHeader
{
    /// <summary>The hub's id: usable in a URL's path, but not unique (the hub repeats ids).</summary>
    public required string Id { get; init; }

    /// <summary>The canonical type name (<c>create_vm</c>), or what the hub sent where no handler knows it.</summary>
    public required string Type { get; init; }

    public required OperationKey Key { get; init; }

    /// <summary>When the hub made it.</summary>
    public required DateTimeOffset Timestamp { get; init; }

    /// <summary>The limit the hub set for its execution; null: the agent's default.</summary>
    public TimeSpan? Timeout { get; init; }

    /// <summary>The operation with its payload.</summary>
    public Operation With(JsonElement payload) => new()
    {
        Id = Id,
        Type = Type,
        Key = Key,
        Timestamp = Timestamp,
        Timeout = Timeout,
        Payload = payload,
    };
}

/// <summary>An operation of the hub whose envelope is valid; its payload is for the type's handler to judge.</summary>
internal sealed record Operation : OperationHeader
{
    /// <summary>A JSON object.</summary>
    public required JsonElement Payload { get; init; }

    /// <summary>The payload as it came.</summary>
    public ReadOnlyMemory<byte> PayloadBytes => JsonMarshal.GetRawUtf8Value(Payload).ToArray();

    public int PayloadLength => JsonMarshal.GetRawUtf8Value(Payload).Length;

    /// <summary>The same operation without its payload.</summary>
    public OperationHeader WithoutPayload() => new()
    {
        Id = Id,
        Type = Type,
        Key = Key,
        Timestamp = Timestamp,
        Timeout = Timeout,
    };
}
