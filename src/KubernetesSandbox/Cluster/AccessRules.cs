using System.Collections.Immutable;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace KubernetesSandbox.Cluster;

/// <summary>Something that is not allowed. What is null counts for all.</summary>
public sealed record DeniedAccess
{
    /// <summary>Null: everyone's, otherwise the user's (the bearer token is the user's name).</summary>
    public string? User { get; init; }

    /// <summary>As RBAC says it, see <see cref="ClusterRequest.Verb"/>.</summary>
    public string? Verb { get; init; }

    /// <summary>API group; empty for core.</summary>
    public string? Group { get; init; }

    /// <summary>The plural, with <c>/subresource</c> where one is meant.</summary>
    public string? Resource { get; init; }

    /// <summary>Empty for kinds outside namespaces.</summary>
    public string? Namespace { get; init; }

    internal bool Meets(string user, string verb, string group, string resource, string ns) =>
        (User is null || User == user)
        && (Verb is null || Verb == verb)
        && (Group is null || Group == group)
        && (Resource is null || Resource == resource)
        && (Namespace is null || Namespace == ns);
}

/// <summary>Who may do what: everyone everything, but for what is denied here.</summary>
public sealed class AccessRules
{
    private const string DefaultUser = "sandbox";

    /// <summary>The group that every user is in.</summary>
    internal const string Group = "system:masters";

    private ImmutableList<DeniedAccess> _denied = [];

    /// <summary>What is denied now.</summary>
    public IReadOnlyList<DeniedAccess> Denied => _denied;

    /// <summary>Denies something: requests for it are answered 403, access reviews say no.</summary>
    public void Deny(DeniedAccess denied) => ImmutableInterlocked.Update(ref _denied, list => list.Add(denied));

    /// <summary>Allows everything again.</summary>
    public void AllowAll() => ImmutableInterlocked.Update(ref _denied, _ => []);

    /// <summary>
    /// The user that a request is made by: its bearer token, taken as a name. kubectl shows none over plain HTTP and is
    /// <c>sandbox</c>.
    /// </summary>
    internal static string UserOf(HttpRequest request)
    {
        const string Scheme = "Bearer ";
        var header = request.Headers.Authorization.ToString();
        return header.StartsWith(Scheme, StringComparison.Ordinal) && header.Length > Scheme.Length
            ? header[Scheme.Length..]
            : DefaultUser;
    }

    internal bool IsAllowed(string user, string verb, string group, string resource, string ns) =>
        !_denied.Any(denied => denied.Meets(user, verb, group, resource, ns));

    /// <exception cref="ApiException">403.</exception>
    internal void Check(HttpRequest request, ClusterRequest asked)
    {
        var user = UserOf(request);
        var resource = asked.Subresource is { } subresource ? $"{asked.Resource}/{subresource}" : asked.Resource;
        if (IsAllowed(user, asked.Verb, asked.Group, resource, asked.Namespace ?? "")) return;
        var scope = asked.Namespace is { } ns ? $"in the namespace \"{ns}\"" : "at the cluster scope";
        var details = new JsonObject();
        if (asked.Name is { } name) details["name"] = name;
        if (asked.Group.Length > 0) details["group"] = asked.Group;
        details["kind"] = asked.Resource;
        var qualified = new GroupResource(asked.Group, asked.Resource);
        var called = asked.Name is { } named ? $"{qualified} \"{named}\"" : $"{qualified}";
        throw new ApiException(
            403,
            "Forbidden",
            $"{called} is forbidden: User \"{user}\" cannot {asked.Verb} resource \"{resource}\" in API group \"{asked.Group}\" {scope}",
            details);
    }

    /// <summary>Answers a SelfSubjectAccessReview.</summary>
    internal JsonObject Review(HttpRequest request, JsonObject review)
    {
        var asked = review.Map("spec", "resourceAttributes");
        return Answer(review, "SelfSubjectAccessReview", asked is null || IsAllowed(UserOf(request), asked));
    }

    /// <summary>
    /// Answers a SubjectAccessReview: of a ServiceAccount by RBAC's objects, and by what is denied here; of anyone else by the
    /// latter alone.
    /// </summary>
    internal JsonObject ReviewSubject(JsonObject review, RoleRules roles)
    {
        var (user, asked) = (review.Text("spec", "user") ?? "", review.Map("spec", "resourceAttributes"));
        var groups = (review.Items("spec", "groups")?.Texts() ?? []).ToHashSet();
        var isAllowed = IsAllowed(user, asked) && (!RoleRules.ApplyTo(user) || roles.Allow(user, groups, asked));
        return Answer(review, "SubjectAccessReview", isAllowed);
    }

    /// <summary>Answers a SelfSubjectRulesReview; what is denied shows only in access reviews.</summary>
    internal static JsonObject ReviewRules(JsonObject review)
    {
        var answer = review.Copy();
        answer["kind"] = "SelfSubjectRulesReview";
        answer["apiVersion"] = "authorization.k8s.io/v1";
        answer["status"] = new JsonObject
        {
            ["incomplete"] = false,
            ["nonResourceRules"] = new JsonArray(),
            ["resourceRules"] = new JsonArray(new JsonObject
            {
                ["apiGroups"] = new JsonArray("*"),
                ["resources"] = new JsonArray("*"),
                ["verbs"] = new JsonArray("*"),
            }),
        };
        return answer;
    }

    private bool IsAllowed(string user, JsonObject? asked)
    {
        var resource = asked.Text("resource") ?? "";
        if (asked.Text("subresource") is { Length: > 0 } subresource) resource += $"/{subresource}";
        return IsAllowed(user, asked.Text("verb") ?? "", asked.Text("group") ?? "", resource, asked.Text("namespace") ?? "");
    }

    private static JsonObject Answer(JsonObject review, string kind, bool isAllowed)
    {
        var answer = review.Copy();
        answer["kind"] = kind;
        answer["apiVersion"] = "authorization.k8s.io/v1";
        answer.MapAt("metadata")["creationTimestamp"] = null;
        answer["status"] = isAllowed
            ? new JsonObject { ["allowed"] = true, ["reason"] = "the sandbox allows everything that is not denied" }
            : new JsonObject { ["allowed"] = false, ["reason"] = "denied in the sandbox" };
        return answer;
    }
}
