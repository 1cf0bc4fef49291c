using System.Text.Json.Nodes;

namespace KubernetesSandbox.Cluster;

/// <summary>
/// What RBAC's objects give to users: asked in access reviews about ServiceAccounts. Everyone else may do everything here, see
/// <see cref="AccessRules"/>.
/// </summary>
internal sealed class RoleRules(ObjectStore store)
{
    private const string Group = "rbac.authorization.k8s.io";
    private const string ServiceAccount = "system:serviceaccount:";

    private static readonly GroupResource ClusterRoles = new(Group, "clusterroles");
    private static readonly GroupResource Roles = new(Group, "roles");

    /// <summary>Whether a user is a ServiceAccount, to which RBAC's objects apply.</summary>
    public static bool ApplyTo(string user) => user.StartsWith(ServiceAccount, StringComparison.Ordinal);

    /// <summary>Whether a binding gives a user this right.</summary>
    /// <param name="user">The user.</param>
    /// <param name="groups">The groups that the user is in.</param>
    /// <param name="attributes">A review's <c>spec.resourceAttributes</c>.</param>
    public bool Allow(string user, IReadOnlySet<string> groups, JsonNode? attributes)
    {
        var ns = attributes.Text("namespace") ?? "";
        return Bindings("clusterrolebindings", "").Concat(ns.Length > 0 ? Bindings("rolebindings", ns) : [])
            .Where(binding => binding.Objects("subjects").Any(subject => IsMeant(subject, user, groups)))
            .SelectMany(binding => RulesOf(binding["roleRef"], ns))
            .Any(rule => Covers(rule, attributes));
    }

    private IEnumerable<JsonObject> Bindings(string plural, string ns) => store.Read(new GroupResource(Group, plural)).Objects.Values
        .Where(binding => ns.Length == 0 || binding.Key.Namespace == ns)
        .Select(binding => binding.Content);

    private IEnumerable<JsonObject> RulesOf(JsonNode? reference, string ns)
    {
        var name = reference.Text("name") ?? "";
        var role = reference.Text("kind") == "ClusterRole"
            ? store.Get(ClusterRoles, new ObjectKey("", name))
            : store.Get(Roles, new ObjectKey(ns, name));
        return role?.Content.Objects("rules") ?? [];
    }

    private static bool IsMeant(JsonObject subject, string user, IReadOnlySet<string> groups) => subject.Text("kind") switch
    {
        "ServiceAccount" => $"{ServiceAccount}{subject.Text("namespace")}:{subject.Text("name")}" == user,
        "Group" => groups.Contains(subject.Text("name") ?? ""),
        _ => subject.Text("name") == user,
    };

    private static bool Covers(JsonObject rule, JsonNode? asked)
    {
        var resource = asked.Text("resource") ?? "";
        if (asked.Text("subresource") is { Length: > 0 } subresource) resource += $"/{subresource}";
        return Has(rule, "verbs", asked.Text("verb") ?? "") && Has(rule, "apiGroups", asked.Text("group") ?? "")
            && Has(rule, "resources", resource)
            && (rule["resourceNames"] is not JsonArray { Count: > 0 } || Has(rule, "resourceNames", asked.Text("name") ?? ""));
    }

    private static bool Has(JsonObject rule, string field, string value) => rule[field] is JsonArray list
        && list.Any(item => item is JsonValue text && text.TryGetValue<string>(out var one) && (one == "*" || one == value));
}
