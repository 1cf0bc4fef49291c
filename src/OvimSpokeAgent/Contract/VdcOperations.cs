using System.Text.Json;
using OvimSpokeAgent.Validation;

namespace OvimSpokeAgent.Contract;

/// <summary>
/// How hubs take results: not by their operation, which they have forgotten, but by what is in <c>result</c>. A key
/// <c>namespace</c> means a VDC that was created, else a status <c>deleted</c> or <c>deleted_with_warnings</c> one that was
/// deleted.
/// </summary>
internal static class VdcOperations
{
    public const string Create = "create_vdc";

    public const string Delete = "delete_vdc";

    public const string Deleted = "deleted";

    public const string DeletedWithWarnings = "deleted_with_warnings";

    /// <summary>
    /// The <c>result</c> of an operation that failed: of a creation it names the namespace, or the hub does not see that it is
    /// about a VDC; null: none.
    /// </summary>
    public static JsonElement? FailureOf(string type, JsonElement payload) =>
        type == Create && payload.ValueKind is JsonValueKind.Object
        && JsonText.TryGetProperty(payload, "target_namespace", out var value) && JsonText.TryGetString(value, out var ns)
            ? JsonSerializer.SerializeToElement(new VdcFailure { Namespace = ns }, ContractJson.Default.VdcFailure)
            : null;

    /// <summary>Whether the body of a result says that a VDC was deleted.</summary>
    public static bool SaysDeleted(string type, ReadOnlyMemory<byte> body)
    {
        if (type != Delete) return false;
        using var document = JsonDocument.Parse(body);
        return document.RootElement is { ValueKind: JsonValueKind.Object } root && root.TryGetProperty("result", out var result) && result.ValueKind is JsonValueKind.Object
            && result.TryGetProperty("status", out var status) && status.ValueKind is JsonValueKind.String
            && status.GetString() is Deleted or DeletedWithWarnings;
    }
}

/// <summary>The <c>result</c> of a creation that failed.</summary>
public sealed record VdcFailure
{
    public required string Namespace { get; init; }
}
