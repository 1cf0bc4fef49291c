using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace KubernetesSandbox.KubeVirt;

/// <summary>The API server refused a request of KubeVirt's.</summary>
public sealed class RefusedException : Exception
{
    internal RefusedException(int code, string reason, string message)
        : base(message) =>
        (Code, Reason) = (code, reason);

    /// <summary>The HTTP status.</summary>
    public int Code { get; }

    /// <summary>The reason in the Status object, e.g. <c>AlreadyExists</c>; empty where there was none.</summary>
    public string Reason { get; }

    internal bool IsNotFound => Code == (int)HttpStatusCode.NotFound;

    internal bool IsConflict => Code == (int)HttpStatusCode.Conflict;

    /// <summary>The version to watch from is forgotten: list again.</summary>
    internal bool IsExpired => Code == (int)HttpStatusCode.Gone;

    /// <summary>Reads a Status object.</summary>
    internal static RefusedException From(JsonNode? status, int code) => new(
        (int)(status.Number("code") ?? code), status.Text("reason") ?? "", status.Text("message") ?? $"HTTP {code}");

    /// <summary>Reads an answer that should be a Status object.</summary>
    internal static RefusedException From(string body, int code)
    {
        try
        {
            return From(JsonNode.Parse(body), code);
        }
        catch (JsonException)
        {
            return new RefusedException(code, "", $"HTTP {code}: {body[..Math.Min(body.Length, 200)]}");
        }
    }
}
