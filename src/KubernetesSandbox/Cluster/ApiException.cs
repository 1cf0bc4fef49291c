using System.Text.Json.Nodes;

namespace KubernetesSandbox.Cluster;

/// <summary>A request that the API server does not carry out; the answer is a <c>Status</c> (meta/v1) with the message.</summary>
public sealed class ApiException : Exception
{
    private readonly JsonObject? _details;
    private readonly JsonObject? _metadata;

    /// <param name="code">The HTTP status.</param>
    /// <param name="reason">Null: none.</param>
    /// <param name="message">In the API server's words.</param>
    /// <param name="details">The Status' details; null: none.</param>
    /// <param name="metadata">The Status' own, where it says something.</param>
    internal ApiException(int code, string? reason, string message, JsonObject? details = null, JsonObject? metadata = null)
        : base(message) =>
        (Code, Reason, _details, _metadata) = (code, reason, details, metadata);

    /// <summary>The HTTP status.</summary>
    public int Code { get; }

    /// <summary>The reason in the Status, e.g. <c>AlreadyExists</c>; null: none.</summary>
    public string? Reason { get; }

    /// <summary>Seconds for the header <c>Retry-After</c>.</summary>
    internal long? RetryAfter => _details.Number("retryAfterSeconds");

    internal JsonObject ToStatus()
    {
        var status = new JsonObject
        {
            ["kind"] = "Status",
            ["apiVersion"] = "v1",
            ["metadata"] = _metadata?.DeepClone() ?? new JsonObject(),
            ["status"] = "Failure",
            ["message"] = Message,
        };
        if (Reason is not null) status["reason"] = Reason;
        if (_details is not null) status["details"] = _details.DeepClone();
        status["code"] = Code;
        return status;
    }
}
