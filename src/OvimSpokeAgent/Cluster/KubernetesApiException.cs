using OvimSpokeAgent.Supervision;

namespace OvimSpokeAgent.Cluster;

/// <summary>The closed set of reasons why a request to the Kubernetes API did not succeed.</summary>
internal enum ApiErrorReason
{
    /// <summary>The server refuses the object (400, 422); <see cref="KubernetesApiException.Causes"/> name fields.</summary>
    Invalid,

    /// <summary>401: the agent's credentials are not accepted.</summary>
    Unauthorized,

    /// <summary>403: RBAC or an admission plugin (a quota, for example) refuses.</summary>
    Forbidden,

    /// <summary>404: no such object.</summary>
    NotFound,

    /// <summary>404 for the kind itself: the server does not have it (its CRD is not installed).</summary>
    NoKindMatch,

    /// <summary>409 AlreadyExists.</summary>
    AlreadyExists,

    /// <summary>409 Conflict: a stale <c>resourceVersion</c>, a precondition, or a subresource's "not in that state".</summary>
    Conflict,

    /// <summary>410: the resourceVersion or continue token is too old.</summary>
    Expired,

    /// <summary>429: asked too often.</summary>
    TooManyRequests,

    /// <summary>500, 502, 503, 504, a refused or broken connection, or a request that took too long.</summary>
    Unavailable,

    /// <summary>The server answered with something that is not the kind asked for.</summary>
    Unreadable,

    /// <summary>Not sent: another agent leads, or could by now.</summary>
    NotLeading,
}

/// <summary>One entry of <c>Status.details.causes</c>.</summary>
internal sealed record ApiErrorCause(string Field, string Message);

/// <summary>A request to the Kubernetes API failed; the server's <c>Status</c> object, parsed once.</summary>
internal sealed class KubernetesApiException(
    ApiErrorReason reason,
    string message,
    IReadOnlyList<ApiErrorCause>? causes = null,
    TimeSpan? retryAfter = null,
    Exception? inner = null,
    NeededPermission? denied = null) : Exception(message, inner), IOutsideFailure
{
    public ApiErrorReason Reason { get; } = reason;

    /// <summary>The fields the server names; empty if it names none.</summary>
    public IReadOnlyList<ApiErrorCause> Causes { get; } = causes ?? [];

    /// <summary>What RBAC denied; null: something else refused, or nothing did.</summary>
    public NeededPermission? Denied { get; } = denied;

    /// <summary>How long the server asks to wait before the next try.</summary>
    public TimeSpan? RetryAfter { get; } = retryAfter;

    /// <summary>
    /// Whether there is no room for what was to be stored: a ResourceQuota is used up (a 403 that tells so in its message alone,
    /// k8s.io/apiserver, resourcequota/controller.go), or the API server's database is full (507, or etcd's ErrNoSpace passed on).
    /// </summary>
    public bool IsLackOfRoom { get; init; }

    /// <summary>Whether the same request may succeed later without anyone changing it.</summary>
    public bool IsTransient => Reason is ApiErrorReason.TooManyRequests or ApiErrorReason.Unavailable
        or ApiErrorReason.NotLeading;

    /// <summary>
    /// Whether the server has judged the request and says no. What RBAC denies or the credentials are refused for is no
    /// such verdict: a server that starts does so until its caches are filled.
    /// </summary>
    public bool IsDefinitiveRejection => !IsTransient && Denied is null && Reason is not (ApiErrorReason.Conflict or ApiErrorReason.Unauthorized);
}
