using System.Text.Json.Nodes;

namespace OvimSpokeAgent.Cluster;

/// <summary>What the agent reads of an access review.</summary>
internal sealed record AccessReview
{
    public AccessReviewStatus? Status { get; init; }
}

/// <summary><c>status</c> of a SelfSubjectAccessReview or SubjectAccessReview.</summary>
internal sealed record AccessReviewStatus
{
    public bool Allowed { get; init; }
}

/// <summary>
/// What the agent may do, by the API server's own word (SelfSubjectAccessReview). A server that starts denies everything until
/// its RBAC caches are filled, in its reviews too: that it denies something counts when it has said so for
/// <see cref="DenialConfirmationTime"/> without a break.
/// </summary>
internal sealed class AccessReviews(IKubernetesApi api, TimeProvider time)
{
    /// <summary>How long the answer must have been no.</summary>
    public static readonly TimeSpan DenialConfirmationTime = TimeSpan.FromSeconds(30);

    // Nobody asked meanwhile: what was answered before and since is not one answer without a break.
    private static readonly TimeSpan MaxGapBetweenDenials = TimeSpan.FromSeconds(30);

    private readonly Lock _lock = new();
    private readonly Dictionary<NeededPermission, Denial> _denials = [];

    /// <summary>Asks whether the agent may do something.</summary>
    /// <exception cref="KubernetesApiException">The server does not say.</exception>
    public Task<bool> IsAllowedAsync(NeededPermission permission, CancellationToken cancellationToken) =>
        AskAsync(KubernetesKinds.SelfSubjectAccessReview, [], permission, cancellationToken);

    /// <summary>Asks whether a ServiceAccount may do something (SubjectAccessReview).</summary>
    /// <param name="account">The ServiceAccount.</param>
    /// <param name="permission">What is to be done.</param>
    /// <param name="cancellationToken">Cancels the request.</param>
    /// <exception cref="KubernetesApiException">The server does not say; Forbidden: the agent may not ask.</exception>
    public Task<bool> IsAllowedToAsync(NamespacedName account, NeededPermission permission, CancellationToken cancellationToken) => AskAsync(
        KubernetesKinds.SubjectAccessReview,
        new JsonObject
        {
            ["user"] = UserOf(account),
            ["groups"] = new JsonArray("system:serviceaccounts", $"system:serviceaccounts:{account.Namespace}", "system:authenticated"),
        },
        permission,
        cancellationToken);

    /// <summary>A ServiceAccount as a user.</summary>
    public static string UserOf(NamespacedName account) => $"system:serviceaccount:{account.Namespace}:{account.Name}";

    /// <summary>Asks whether what was denied just now is denied for good.</summary>
    public async Task<bool> IsDeniedForGoodAsync(NeededPermission permission, CancellationToken cancellationToken)
    {
        var isDenied = await IsDeniedAsync(permission, cancellationToken);
        var now = time.GetTimestamp();
        lock (_lock)
        {
            foreach (var (old, _) in _denials.Where(entry => time.GetElapsedTime(entry.Value.Last, now) > MaxGapBetweenDenials).ToList())
                _denials.Remove(old);
            if (!isDenied)
            {
                _denials.Remove(permission);
                return false;
            }
            var first = _denials.TryGetValue(permission, out var before) ? before.First : now;
            _denials[permission] = new Denial(first, now);
            return time.GetElapsedTime(first, now) >= DenialConfirmationTime;
        }
    }

    private async Task<bool> AskAsync(ResourceKind kind, JsonObject spec, NeededPermission permission, CancellationToken cancellationToken)
    {
        spec["resourceAttributes"] = new JsonObject
        {
            ["verb"] = permission.Verb,
            ["group"] = permission.Kind.Group,
            ["resource"] = permission.Kind.Plural,
            ["subresource"] = permission.Subresource,
            ["name"] = permission.Name,
            ["namespace"] = permission.Namespace,
        };
        var review = await api.CreateAsync(
            kind,
            "",
            new JsonObject { ["apiVersion"] = kind.ApiVersion, ["kind"] = kind.Kind, ["spec"] = spec },
            ClusterJson.Default.AccessReview,
            cancellationToken);
        return review.Status?.Allowed ?? false;
    }

    private async Task<bool> IsDeniedAsync(NeededPermission permission, CancellationToken cancellationToken)
    {
        try
        {
            return !await IsAllowedAsync(permission, cancellationToken);
        }
        catch (KubernetesApiException)
        {
            return false; // no answer is no denial
        }
    }

    // Both as timestamps.
    private readonly record struct Denial(long First, long Last);
}
