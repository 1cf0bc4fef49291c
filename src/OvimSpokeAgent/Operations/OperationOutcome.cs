using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;

namespace OvimSpokeAgent.Operations;

/// <summary>How an operation ended: completed with a result, or failed with a message for the hub's user.</summary>
internal sealed record OperationOutcome
{
    private OperationOutcome(JsonElement? result, string? error) => (Result, Error) = (result, error);

    /// <summary>The result object; only when completed.</summary>
    public JsonElement? Result { get; }

    /// <summary>What went wrong and where; null when completed.</summary>
    public string? Error { get; }

    public bool IsCompleted => Error is null;

    /// <summary>The same outcome with a field more in its result; a failure has none, and stays as it is.</summary>
    public OperationOutcome WithNote(string field, string text)
    {
        if (Result is not { ValueKind: JsonValueKind.Object } result) return this;
        var noted = JsonObject.Create(result)!;
        noted[field] = text;
        return Completed(JsonElement.Parse(noted.ToJsonString()));
    }

    public static OperationOutcome Completed<T>(T result, JsonTypeInfo<T> type) =>
        new(JsonSerializer.SerializeToElement(result, type), null);

    public static OperationOutcome Completed(JsonElement result) => new(result, null);

    public static OperationOutcome Failed(string error) => new(null, error);
}
