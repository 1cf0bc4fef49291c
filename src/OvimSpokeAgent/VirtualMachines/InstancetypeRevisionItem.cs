using System.Text.Json;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Validation;

namespace OvimSpokeAgent.VirtualMachines;

/// <summary>
/// What is kept of a ControllerRevision that holds an instancetype as it was when KubeVirt pinned it for a VM (KubeVirt,
/// pkg/instancetype/revision and pkg/instancetype/compatibility).
/// </summary>
/// <param name="TypeName">The instancetype's name; null where the revision does not say it.</param>
/// <param name="Size">The size it gives.</param>
internal sealed record InstancetypeRevisionItem(string? TypeName, InstancetypeItem Size)
{
    /// <summary>
    /// What is watched for it: all of them, not those with KubeVirt's labels alone. It had none before 1.1, and boots from any that a
    /// VM names.
    /// </summary>
    public static WatchSpec<ControllerRevisionObject, InstancetypeRevisionItem> Watch { get; } = new()
    {
        Kind = KubernetesKinds.ControllerRevision,
        Type = KubeVirtJson.Default.ControllerRevisionObject,
        Project = InstancetypeRevisionItem.From,
    };

    private const string NameLabel = "instancetype.kubevirt.io/object-name";

    private static readonly string[] Kinds = ["VirtualMachineInstancetype", "VirtualMachineClusterInstancetype"];

    /// <summary>Null for the revisions of anything else.</summary>
    public static InstancetypeRevisionItem? From(ControllerRevisionObject revision, DateTimeOffset now) => From(revision);

    /// <inheritdoc cref="From(ControllerRevisionObject, DateTimeOffset)"/>
    public static InstancetypeRevisionItem? From(ControllerRevisionObject revision)
    {
        if (revision.Data is not { ValueKind: JsonValueKind.Object } data || SpecIn(data) is not { } spec) return null;
        return new InstancetypeRevisionItem(revision.Metadata.Label(NameLabel) ?? NameIn(data), InstancetypeItem.From(spec));
    }

    /// <summary>Whether it is a revision of this instancetype.</summary>
    public bool IsOf(TypeReference type) => TypeName is null || TypeName == type.Name;

    private static InstancetypeSpec? SpecIn(JsonElement data)
    {
        if (!JsonText.TryGetProperty(data, "spec", out var spec)) return null;
        try
        {
            return spec.ValueKind switch
            {
                JsonValueKind.Object when IsInstancetype(data) => spec.Deserialize(KubeVirtJson.Default.InstancetypeSpec),
                // v1alpha1 kept the spec alone, as bytes; those of a preference say no number of vCPUs.
                JsonValueKind.String when spec.TryGetBytesFromBase64(out var bytes)
                    && JsonSerializer.Deserialize(bytes, KubeVirtJson.Default.InstancetypeSpec) is { Cpu.Guest: not null } old => old,
                _ => null,
            };
        }
        catch (JsonException)
        {
            return null; // someone else's, or one that KubeVirt cannot read either
        }
    }

    private static bool IsInstancetype(JsonElement data) =>
        JsonText.TryGetProperty(data, "kind", out var kind) && JsonText.TryGetString(kind, out var text) && Kinds.Contains(text);

    private static string? NameIn(JsonElement data) =>
        JsonText.TryGetProperty(data, "metadata", out var metadata) && metadata.ValueKind is JsonValueKind.Object
        && JsonText.TryGetProperty(metadata, "name", out var name) && JsonText.TryGetString(name, out var text)
            ? text
            : null;
}
