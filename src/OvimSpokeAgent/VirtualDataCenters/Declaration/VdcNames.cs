using System.Security.Cryptography;
using System.Text;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Operations;
using OvimSpokeAgent.Validation;

namespace OvimSpokeAgent.VirtualDataCenters;

/// <summary>The names of a VDC's objects, and the rules for names that come from the hub. Pure.</summary>
internal static class VdcNames
{
    public const string Quota = "vdc-quota";

    public const string Limits = "vdc-limits";

    public const string IsolationPolicy = "vdc-isolation-policy";

    /// <summary>Beside <see cref="IsolationPolicy"/>: what CDI's pods need.</summary>
    public const string CdiPolicy = "vdc-cdi-policy";

    /// <summary>Beside the others: port-forward to VMs.</summary>
    public const string KubeVirtPolicy = "vdc-kubevirt-policy";

    /// <summary>Beside the others: exports of disks.</summary>
    public const string ExportPolicy = "vdc-export-policy";

    public const string CustomPolicy = "vdc-custom-policy";

    /// <summary>Every name a network policy of a VDC can have.</summary>
    public static readonly IReadOnlyList<string> Policies = [IsolationPolicy, CdiPolicy, KubeVirtPolicy, ExportPolicy, CustomPolicy];

    public const string AdminRole = "ovim:vdc-admin";

    public const string BindingPrefix = "vdc-admin-";

    /// <summary>
    /// What stands in for a quota or a binding while it is replaced. No other object of a VDC can have such a name.
    /// </summary>
    public const string StandInPrefix = "vdc-standin-";

    public const string QuotaStandIn = StandInPrefix + "quota";

    private const string Prefix = "vdc-";

    /// <summary>Where KubeVirt is usually: upstream, and in OpenShift.</summary>
    public static readonly IReadOnlyList<string> KubeVirtNamespaces = ["kubevirt", "openshift-cnv"];

    /// <summary>Where CDI is usually: upstream, and in OpenShift.</summary>
    public static readonly IReadOnlyList<string> CdiNamespaces = ["cdi", "openshift-cnv"];

    /// <summary>
    /// Names that no VDC may take, besides the namespaces that are found: an isolated VDC trusts, or may come to trust, who is
    /// in them. The last is the only one that the HyperConverged Cluster Operator takes.
    /// </summary>
    public static readonly IReadOnlyList<string> InfrastructureNamespaces = [.. KubeVirtNamespaces, .. CdiNamespaces, "kubevirt-hyperconverged"];

    private const string HashPrefix = "sha256-";
    private const int MaxGroupLength = 256;
    private const int MaxLabelLength = 63;

    // Their labels and annotations steer Kubernetes, KubeVirt or OpenShift (pod security, memory limits, SCCs).
    private static readonly string[] SteeringDomains = ["kubernetes.io", "k8s.io", "kubevirt.io", "openshift.io"];

    /// <summary>
    /// The RoleBinding of a group: its name where that can stand in an object's name, else its hash. Two groups never
    /// share one: a group whose name looks like a hash is hashed, too.
    /// </summary>
    public static string BindingOf(string group)
    {
        if (KubernetesNames.IsDnsSubdomain(group) && group.Length <= MaxLabelLength
            && !group.StartsWith(HashPrefix, StringComparison.Ordinal))
        {
            return BindingPrefix + group;
        }
        return BindingPrefix + HashPrefix + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(group)).AsSpan(0, 16));
    }

    /// <summary>The stand-in of a VDC's object.</summary>
    public static NamespacedName StandInOf(NamespacedName name) => name with { Name = StandInPrefix + name.Name[Prefix.Length..] };

    /// <summary>Reads a name that becomes the value of a label; null when it is absent.</summary>
    public static string? ReadLabelValue(PayloadReader payload, string field)
    {
        var value = payload.OptionalString(field);
        if (value is not null && !KubernetesNames.IsLabelValue(value))
            payload.RejectBecause(field, $"{JsonText.Show(value)} is not {KubernetesNames.LabelValueRule}: {FixOf(value)}");
        return value;
    }

    /// <summary>Reads the name of the namespace that a VDC is.</summary>
    public static string ReadNamespace(PayloadReader payload, string field)
    {
        var value = payload.RequiredString(field);
        if (value.Length > 0 && !KubernetesNames.IsDnsLabel(value))
        {
            payload.RejectBecause(
                field, $"{JsonText.Show(value)} is not {KubernetesNames.DnsLabelRule}: {FixOf(value.ToLowerInvariant(), '.', '_')}");
        }
        return value;
    }

    /// <summary>Reads the groups that administer a VDC, each once.</summary>
    public static IReadOnlyList<string> ReadGroups(PayloadReader payload, string field)
    {
        var groups = payload.StringList(field);
        foreach (var (index, group) in groups.Index())
        {
            var problem = group.Trim().Length == 0 ? "a group needs a name"
                : group.StartsWith("system:", StringComparison.OrdinalIgnoreCase)
                    ? "the cluster's own groups (system:…) cannot be admins of a VDC; name a group of your identity provider"
                : group.Length > MaxGroupLength ? $"it has {group.Length} characters, at most {MaxGroupLength} are possible"
                : group.Trim() != group ? "it begins or ends with white space; remove that"
                : group.Any(char.IsControl) ? "it has control characters; remove them"
                : null;
            if (problem is not null) payload.RejectBecause($"{field}[{index}]", $"{JsonText.Show(group)}: {problem}");
        }
        return [.. groups.Distinct(StringComparer.Ordinal)];
    }

    /// <summary>Rejects keys of labels and annotations that would steer the cluster's treatment of the namespace.</summary>
    public static void RejectSteeringKeys(PayloadReader payload, string field, IReadOnlyDictionary<string, string> map)
    {
        foreach (var key in map.Keys)
        {
            var slash = key.IndexOf('/', StringComparison.Ordinal);
            if (slash < 0 || key.StartsWith("app.kubernetes.io/", StringComparison.Ordinal)) continue;
            var prefix = key[..slash];
            if (SteeringDomains.Any(domain => prefix == domain || prefix.EndsWith("." + domain, StringComparison.Ordinal)))
            {
                payload.RejectBecause(
                    $"{field}[{JsonText.Show(key)}]", $"the domain {prefix} belongs to the cluster; use one of your own");
            }
        }
    }

    // What the name could be instead, or how much it is too long.
    private static string FixOf(string value, params ReadOnlySpan<char> also)
    {
        if (value.Length > MaxLabelLength)
            return $"it has {value.Length} characters, shorten it by {value.Length - MaxLabelLength}";
        var fixedName = new StringBuilder();
        foreach (var c in value)
            fixedName.Append(char.IsAsciiLetterOrDigit(c) || (c is '-' or '_' or '.' && !also.Contains(c)) ? c : '-');
        var proposal = fixedName.ToString().Trim('-', '_', '.');
        return proposal.Length > 0 ? $"call it \"{proposal}\", for example" : "use letters and digits";
    }
}
