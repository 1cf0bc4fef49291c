using System.Globalization;
using System.Text.RegularExpressions;

namespace KubernetesSandbox.Cluster;

/// <summary>
/// Kubernetes' order of API versions: <c>v2</c> over <c>v1</c> over <c>v1beta2</c> over <c>v1alpha1</c>, anything else
/// behind, in alphabetical order.
/// </summary>
internal sealed partial class VersionPriority : IComparer<string?>
{
    public static readonly VersionPriority Comparer = new();

    public int Compare(string? x, string? y)
    {
        var (a, b) = (Rank(x ?? ""), Rank(y ?? ""));
        var byRank = a.CompareTo(b);
        return byRank != 0 ? byRank : string.CompareOrdinal(y, x);
    }

    private static (int Stability, int Major, int Minor) Rank(string version)
    {
        var match = Form().Match(version);
        if (!match.Success) return (0, 0, 0);
        var stability = match.Groups["stage"].Value switch { "" => 3, "beta" => 2, _ => 1 };
        var minor = match.Groups["minor"] is { Success: true } group ? Parse(group.Value) : 0;
        return (stability, Parse(match.Groups["major"].Value), minor);
    }

    private static int Parse(string digits) => int.Parse(digits, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"^v(?<major>\d{1,6})((?<stage>alpha|beta)(?<minor>\d{1,6}))?$", RegexOptions.ExplicitCapture)]
    private static partial Regex Form();
}
