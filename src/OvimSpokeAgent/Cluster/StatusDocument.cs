using System.Net;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace OvimSpokeAgent.Cluster;

/// <summary>What the agent reads of a <c>Status</c> (meta/v1), the API server's answer to what it did not do.</summary>
internal sealed record StatusDocument
{
    private const int MaxMessageLength = 2 << 10;
    private const int MaxCauses = 20;

    public string? Kind { get; init; }

    /// <summary>At most 2 KiB: an admission webhook says what it likes, and it is told and kept in many places.</summary>
    public string? Message { get; init => field = Bounded(value); }

    public string? Reason { get; init; }

    public int Code { get; init; }

    public StatusDetails? Details { get; init; }

    /// <summary>Turns an answer other than 2xx into the error it means.</summary>
    /// <param name="code">HTTP status.</param>
    /// <param name="body">The answer's text, a Status or not.</param>
    /// <param name="retryAfter">The answer's <c>Retry-After</c>.</param>
    /// <param name="request">What was asked for, for the message.</param>
    /// <param name="isFromServer">Whether the API server itself answered, not something in front of it.</param>
    public static KubernetesApiException ToException(
        HttpStatusCode code, string body, TimeSpan? retryAfter, string request, out bool isFromServer)
    {
        var status = Parse(body);
        isFromServer = status is not null;
        retryAfter ??= status?.Details?.RetryAfterSeconds is > 0 and var seconds ? TimeSpan.FromSeconds(seconds) : null;
        var reason = ReasonOf(code, status);
        var message = reason is ApiErrorReason.NoKindMatch
            ? $"the cluster does not have this kind of object ({request})"
            : status?.Message is { Length: > 0 } text ? text : $"{request}: {(int)code} {Validation.JsonText.Shorten(body.Trim())}";
        return new KubernetesApiException(reason, message, CausesOf(status), retryAfter, denied: DeniedBy(reason, status))
        {
            IsLackOfRoom = code is HttpStatusCode.InsufficientStorage || (status is not null && SaysLackOfRoom(reason, message)),
        };
    }

    /// <summary>The error that an ERROR event of a watch carries.</summary>
    public KubernetesApiException ToException(string request) => new(
        ReasonOf((HttpStatusCode)Code, this),
        Message is { Length: > 0 } ? Message : $"{request}: {Code}",
        CausesOf(this),
        Details?.RetryAfterSeconds is > 0 and var seconds ? TimeSpan.FromSeconds(seconds) : null);

    internal static string? Bounded(string? text) => text is { Length: > MaxMessageLength } ? text[..MaxMessageLength] + "…" : text;

    private static StatusDocument? Parse(string body)
    {
        if (!body.StartsWith('{')) return null;
        try
        {
            var status = JsonSerializer.Deserialize(body, ClusterJson.Default.StatusDocument);
            return status?.Kind == "Status" ? status : null;
        }
        catch (JsonException)
        {
            return null; // the caller shows the text as it is
        }
    }

    // A missing kind is answered by the text "404 page not found", or by a Status that names no object: for a kind
    // that a group lost, or a group whose version went away.
    private static ApiErrorReason ReasonOf(HttpStatusCode code, StatusDocument? status) => (int)code switch
    {
        401 => ApiErrorReason.Unauthorized,
        403 when IsAdmissionNotReady(status) => ApiErrorReason.Unavailable,
        403 => ApiErrorReason.Forbidden,
        404 when string.IsNullOrEmpty(status?.Details?.Name) => ApiErrorReason.NoKindMatch,
        404 => ApiErrorReason.NotFound,
        409 when status?.Reason == "AlreadyExists" => ApiErrorReason.AlreadyExists,
        409 => ApiErrorReason.Conflict,
        410 => ApiErrorReason.Expired,
        429 => ApiErrorReason.TooManyRequests,
        408 or >= 500 => ApiErrorReason.Unavailable,
        _ => ApiErrorReason.Invalid,
    };

    private static bool SaysLackOfRoom(ApiErrorReason reason, string message) => reason switch
    {
        ApiErrorReason.Forbidden => message.Contains("exceeded quota: ", StringComparison.Ordinal),
        ApiErrorReason.Unavailable => message.Contains("database space exceeded", StringComparison.Ordinal),
        _ => false,
    };

    // Admission plugins whose caches are not filled, and a quota whose use is not counted yet, are no refusal.
    private static bool IsAdmissionNotReady(StatusDocument? status) => status?.Message is { } message
        && (message.EndsWith("not yet ready to handle request", StringComparison.Ordinal)
            || message.Contains(" is forbidden: status unknown for quota: ", StringComparison.Ordinal));

    private static NeededPermission? DeniedBy(ApiErrorReason reason, StatusDocument? status) =>
        reason is ApiErrorReason.Forbidden && status?.Message is { } message
            ? AccessDenial.Read(message, status.Details?.Name ?? "")
            : null;

    private static List<ApiErrorCause> CausesOf(StatusDocument? status) =>
        [.. (status?.Details?.Causes ?? []).Take(MaxCauses).Select(cause => new ApiErrorCause(cause.Field ?? "", cause.Message ?? ""))];
}

/// <summary><c>Status.details</c>.</summary>
internal sealed record StatusDetails
{
    public string? Name { get; init; }

    public string? Kind { get; init; }

    public int? RetryAfterSeconds { get; init; }

    public IReadOnlyList<StatusCause>? Causes { get; init; }
}

/// <summary>One of <c>Status.details.causes</c>.</summary>
internal sealed record StatusCause
{
    public string? Field { get; init => field = StatusDocument.Bounded(value); }

    public string? Message { get; init => field = StatusDocument.Bounded(value); }
}

/// <summary>An object of which only the metadata counts.</summary>
internal sealed record AnyObject : IKubernetesObject
{
    public ObjectMetadata Metadata { get => field ?? ObjectMetadata.None; init; }

    /// <summary>It with <see cref="ObjectMetadata.Bounded"/>.</summary>
    public static AnyObject Bounded(AnyObject item) => item with { Metadata = item.Metadata.Bounded() };
}

/// <summary>JSON of the Kubernetes API as far as every kind shares it.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(StatusDocument))]
[JsonSerializable(typeof(AnyObject))]
[JsonSerializable(typeof(NamespaceObject))]
[JsonSerializable(typeof(AccessReview))]
[JsonSerializable(typeof(DiscoveredKinds))]
internal sealed partial class ClusterJson : JsonSerializerContext;
