using System.Text.RegularExpressions;

namespace OvimSpokeAgent.Validation;

/// <summary>Kubernetes' rules for names (k8s.io/apimachinery, util/validation).</summary>
internal static partial class KubernetesNames
{
    public const string DnsLabelRule = "a DNS label (lower-case letters, digits and '-', at most 63 characters)";

    public const string DnsSubdomainRule =
        "a DNS subdomain (lower-case letters, digits, '-' and '.', at most 253 characters)";

    public const string ShortDnsSubdomainRule =
        "a DNS subdomain (lower-case letters, digits, '-' and '.', at most 63 characters)";

    public const string QualifiedNameRule = "a qualified name ([prefix/]name of letters, digits, '-', '_' and '.')";

    public const string LabelValueRule = "a label value (letters, digits, '-', '_' and '.', at most 63 characters)";

    /// <summary>RFC 1123 label: namespaces and the like.</summary>
    public static bool IsDnsLabel(string value) => value.Length <= 63 && DnsLabel().IsMatch(value);

    /// <summary>RFC 1123 subdomain that also fits into a label value.</summary>
    public static bool IsShortDnsSubdomain(string value) => value.Length <= 63 && DnsSubdomain().IsMatch(value);

    /// <summary>RFC 1123 subdomain of any length that Kubernetes takes.</summary>
    public static bool IsDnsSubdomain(string value) => value.Length <= 253 && DnsSubdomain().IsMatch(value);

    /// <summary>The key of a label or annotation.</summary>
    public static bool IsQualifiedName(string key)
    {
        var slash = key.IndexOf('/', StringComparison.Ordinal);
        var (prefix, name) = slash < 0 ? (null, key) : (key[..slash], key[(slash + 1)..]);
        return name.Length <= 63 && QualifiedNamePart().IsMatch(name)
            && (prefix is null || (prefix.Length <= 253 && DnsSubdomain().IsMatch(prefix)));
    }

    /// <summary>The value of a label.</summary>
    public static bool IsLabelValue(string value) =>
        value.Length == 0 || (value.Length <= 63 && QualifiedNamePart().IsMatch(value));

    [GeneratedRegex(@"^[a-z0-9]([-a-z0-9]*[a-z0-9])?\z")]
    private static partial Regex DnsLabel();

    [GeneratedRegex(@"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\z")]
    private static partial Regex DnsSubdomain();

    [GeneratedRegex(@"^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?\z")]
    private static partial Regex QualifiedNamePart();
}
