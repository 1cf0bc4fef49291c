using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Validation;

namespace OvimSpokeAgent.VirtualMachines;

/// <summary>What is kept of KubeVirt's own object: where it is, and what of it decides which VMs it takes.</summary>
/// <param name="Namespace">Its components'.</param>
internal sealed partial record KubeVirtInstallation(string Namespace)
{
    private const int MaxLength = 63;

    /// <summary>What is watched.</summary>
    public static WatchSpec<KubeVirtObject, KubeVirtInstallation> Watch { get; } = new()
    {
        Kind = KubeVirtKinds.KubeVirt,
        Type = KubeVirtJson.Default.KubeVirtObject,
        Project = (kubeVirt, _) => Of(kubeVirt),
        IsOptional = true,
    };

    /// <summary>The version that runs, as it is written (<c>v1.9.0</c>, <c>v1.6.2-30-gabc</c>); null: it does not say.</summary>
    public string? VersionText { get; init; }

    /// <summary>Major and minor version of <see cref="VersionText"/>; null: there is no telling.</summary>
    public Version? Version { get; init; }

    /// <summary>The CPU architecture of KubeVirt's own components, which VMs have that name none; null: it does not say.</summary>
    public string? Architecture { get; init; }

    /// <summary>Whether its feature gate <c>MultiArchitecture</c> is on.</summary>
    public bool HasMultiArchitecture { get; init; }

    public static KubeVirtInstallation Of(KubeVirtObject kubeVirt)
    {
        var version = Text(At(kubeVirt.Status, "observedKubeVirtVersion"));
        return new KubeVirtInstallation(kubeVirt.Metadata.Namespace)
        {
            VersionText = version,
            Version = version is null ? null : Parse(version),
            Architecture = Text(At(kubeVirt.Status, "defaultArchitecture")),
            HasMultiArchitecture = HasGate(At(kubeVirt.Spec, "configuration", "developerConfiguration", "featureGates"), "MultiArchitecture"),
        };
    }

    private static bool HasGate(JsonElement? gates, string name) => gates is { ValueKind: JsonValueKind.Array } list
        && list.EnumerateArray().Any(gate => JsonText.TryGetString(gate, out var text) && text == name);

    private static JsonElement? At(JsonElement? value, params ReadOnlySpan<string> path)
    {
        foreach (var name in path)
        {
            if (value is not { ValueKind: JsonValueKind.Object } at || !JsonText.TryGetProperty(at, name, out var next)) return null;
            value = next;
        }
        return value;
    }

    private static string? Text(JsonElement? value) =>
        value is { } some && JsonText.TryGetString(some, out var text) && text.Length is > 0 and <= MaxLength ? text : null;

    private static Version? Parse(string text) => Numbers().Match(text) is { Success: true } found
        ? new Version(Number(found.Groups[1]), Number(found.Groups[2]))
        : null;

    private static int Number(Group digits) => int.Parse(digits.ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"^v?([0-9]{1,4})\.([0-9]{1,4})(?:[.+-]|\z)")]
    private static partial Regex Numbers();
}
