using System.Text;

namespace OvimSpokeAgent.Cluster;

/// <summary>
/// What is kept of an object's labels, which can be a mebibyte of anything: those with a meaning here always, of others as many as
/// fit, in the order of their keys. Pure.
/// </summary>
/// <param name="All">What is kept; null: the object has none.</param>
/// <param name="AreTruncated">Others were left out.</param>
internal readonly record struct KeptLabels(IReadOnlyDictionary<string, string>? All, bool AreTruncated)
{
    /// <summary>As many others as reports have at most.</summary>
    public const int ReportedCount = 32;

    /// <summary>How long the others of a report are at most, keys and values together.</summary>
    public const int ReportedBytes = 4 << 10;

    private static readonly HashSet<string> Meaningful =
    [
        WellKnownNames.ManagedByLabel, WellKnownNames.VdcLabel, WellKnownNames.OrganizationLabel, WellKnownNames.ZoneLabel, WellKnownNames.VmLabel, WellKnownNames.TemplateLabel,
        WellKnownNames.FormerManagedByLabel, WellKnownNames.VdcNameLabel,
        "kubernetes.io/metadata.name",
        "pod-security.kubernetes.io/enforce", "pod-security.kubernetes.io/enforce-version",
        "pod-security.kubernetes.io/warn", "pod-security.kubernetes.io/warn-version",
        "pod-security.kubernetes.io/audit", "pod-security.kubernetes.io/audit-version",
    ];

    /// <summary>Whether a label has a meaning here, so that it is kept whatever is beside it.</summary>
    public static bool IsAlwaysKept(string key) => Meaningful.Contains(key);

    /// <summary>Of these labels, what a report can have.</summary>
    public static KeptLabels ForReport(IReadOnlyDictionary<string, string>? labels) => Of(labels, ReportedCount, ReportedBytes);

    /// <summary>Of these labels, what has a meaning, and so much of others.</summary>
    /// <param name="labels">All of them.</param>
    /// <param name="count">How many others.</param>
    /// <param name="bytes">How long they may be, keys and values together, in UTF-8.</param>
    public static KeptLabels Of(IReadOnlyDictionary<string, string>? labels, int count, int bytes)
    {
        if (labels is null) return default;
        var others = labels.Where(label => !IsAlwaysKept(label.Key)).OrderBy(label => label.Key, StringComparer.Ordinal)
            .TakeWhile(label => --count >= 0 && (bytes -= LengthOf(label)) >= 0);
        var kept = labels.Where(label => IsAlwaysKept(label.Key)).Concat(others).ToDictionary(StringComparer.Ordinal);
        return new KeptLabels(kept, kept.Count < labels.Count);
    }

    private static int LengthOf(KeyValuePair<string, string> label) =>
        Encoding.UTF8.GetByteCount(label.Key) + Encoding.UTF8.GetByteCount(label.Value ?? "");
}
