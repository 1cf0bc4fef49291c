using System.Text.RegularExpressions;

namespace OvimSpokeAgent.Cluster;

/// <summary>
/// Tells what RBAC denies from what admission refuses: both are answered 403 Forbidden, and only the message differs
/// (k8s.io/apiserver, responsewriters/errors.go; k8s.io/kubernetes, pkg/registry/rbac/validation). Pure.
/// </summary>
internal static partial class AccessDenial
{
    /// <summary>The permission that is missing according to a message; null: it is not RBAC that says no.</summary>
    /// <param name="message">The message of the Status.</param>
    /// <param name="name">The object's name in the Status.</param>
    public static NeededPermission? Read(string message, string name)
    {
        if (Escalation().IsMatch(message))
            return new NeededPermission("bind", KubernetesKinds.ClusterRole);
        if (Denial().Match(message) is not { Success: true } match) return null;
        var resource = match.Groups["resource"].Value.Split('/', 2);
        return new NeededPermission(
            match.Groups["verb"].Value,
            new ResourceKind(match.Groups["group"].Value, "", resource[0], ""),
            match.Groups["namespace"].Value,
            resource.Length > 1 ? resource[1] : "",
            name);
    }

    [GeneratedRegex("""is forbidden: User ".*?" cannot (?<verb>[a-z]+) resource "(?<resource>[^"]+)" in API group "(?<group>[^"]*)"(?: in the namespace "(?<namespace>[^"]*)")?""")]
    private static partial Regex Denial();

    // Who may not bind a role needs all that it grants: a server that does not know the agent's roles yet finds it lacks that.
    [GeneratedRegex("""is forbidden: user ".*?" .*is attempting to grant RBAC permissions not currently held""", RegexOptions.Singleline)]
    private static partial Regex Escalation();
}
