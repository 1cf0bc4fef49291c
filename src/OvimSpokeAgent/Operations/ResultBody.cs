using System.Runtime.InteropServices;
using System.Text.Json;
using OvimSpokeAgent.Contract;

namespace OvimSpokeAgent.Operations;

/// <summary>Makes the body of a result. Pure.</summary>
internal static class ResultBody
{
    /// <summary>What a record has room for beside the rest (a Secret holds 1 MiB).</summary>
    public const int MaxResultBytes = 512 << 10;

    private const int MaxErrorLength = 8 << 10;

    /// <param name="operation">What was done.</param>
    /// <param name="outcome">How it ended.</param>
    /// <param name="successWord">The hub's word for an operation that completed.</param>
    /// <param name="now">When it ended.</param>
    /// <param name="duration">How long it took.</param>
    /// <param name="isStored">Whether it has to fit into a record; else it is sent whole, however large.</param>
    public static byte[] Of(
        Operation operation, OperationOutcome outcome, string successWord, DateTimeOffset now, TimeSpan duration, bool isStored) =>
        JsonSerializer.SerializeToUtf8Bytes(
            new OperationResult
            {
                OperationId = operation.Id,
                Status = outcome.IsCompleted ? successWord : "failed",
                Result = outcome.Result is { } result && isStored ? Bounded(result)
                    : outcome.Result ?? VdcOperations.FailureOf(operation.Type, operation.Payload),
                Error = outcome.Error is { Length: > MaxErrorLength } error ? error[..MaxErrorLength] + "…" : outcome.Error,
                Timestamp = now,
                Duration = duration.Ticks * TimeSpan.NanosecondsPerTick,
            },
            ContractJson.Default.OperationResult);

    private static JsonElement Bounded(JsonElement result)
    {
        var length = JsonMarshal.GetRawUtf8Value(result).Length;
        return length <= MaxResultBytes
            ? result
            : JsonElement.Parse($$"""{"omitted":"the result has {{length}} bytes, at most {{MaxResultBytes}} are kept"}""");
    }
}
