using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.VirtualMachines;

namespace OvimSpokeAgent.Capacity;

/// <summary>What the agent reads of a CSIStorageCapacity (storage.k8s.io/v1): the free space of one class in one topology segment.</summary>
internal sealed record StorageCapacityObject : IKubernetesObject
{
    public ObjectMetadata Metadata { get => field ?? ObjectMetadata.None; init; }

    public string? StorageClassName { get; init; }

    /// <summary>The nodes that reach the storage, as a label selector; absent: none does.</summary>
    public JsonElement? NodeTopology { get; init; }

    /// <summary>A quantity; absent: the driver does not know.</summary>
    public JsonElement? Capacity { get; init; }
}

/// <summary>Free space as a CSI driver reports it.</summary>
/// <param name="StorageClass">The class.</param>
/// <param name="Segment">The same text for the same nodes, at most 64 characters.</param>
/// <param name="Bytes">How much is free.</param>
internal sealed record StorageCapacityItem(string StorageClass, string Segment, long Bytes)
{
    private const int MaxNameLength = 253;

    public static WatchSpec<StorageCapacityObject, StorageCapacityItem> Watch { get; } = new()
    {
        Kind = CapacityKinds.StorageCapacity,
        Type = CapacityJson.Default.StorageCapacityObject,
        Project = (item, _) => From(item),
        IsOptional = true,
    };

    /// <summary>Null where it tells of no space that anyone could have.</summary>
    public static StorageCapacityItem? From(StorageCapacityObject item)
    {
        if (item.StorageClassName is not { Length: > 0 and <= MaxNameLength } storageClass
            || item.NodeTopology is not { ValueKind: JsonValueKind.Object } topology
            || new SizeReader().Read("capacity", item.Capacity) is not { } capacity)
        {
            return null;
        }
        return new StorageCapacityItem(string.Intern(storageClass), SegmentOf(topology), Saturating.Ceiling(capacity.Value));
    }

    // By its content: whoever writes the same nodes in another order means the same.
    private static string SegmentOf(JsonElement topology)
    {
        var parts = new List<string>();
        if (topology.TryGetProperty("matchLabels", out var labels) && labels.ValueKind is JsonValueKind.Object)
            parts.AddRange(labels.EnumerateObject().Select(label => $"{label.Name}={label.Value}"));
        if (topology.TryGetProperty("matchExpressions", out var expressions) && expressions.ValueKind is JsonValueKind.Array)
            parts.AddRange(expressions.EnumerateArray().Select(expression => expression.GetRawText()));
        parts.Sort(StringComparer.Ordinal);
        var text = string.Join(',', parts);
        return text.Length <= 64 ? text : Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
    }
}
