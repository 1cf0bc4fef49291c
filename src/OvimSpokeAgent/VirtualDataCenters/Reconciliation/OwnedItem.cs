using OvimSpokeAgent.Cluster;

namespace OvimSpokeAgent.VirtualDataCenters;

/// <summary>What is kept of an object of a VDC.</summary>
internal record OwnedItem
{
    public static WatchSpec<LimitRangeObject, OwnedItem> LimitRangeWatch { get; } = new()
    {
        Kind = KubernetesKinds.LimitRange,
        Type = VdcJson.Default.LimitRangeObject,
        Project = OwnedItem.From,
        LabelSelector = VdcCaches.OwnSelector,
    };

    public static WatchSpec<RoleBindingObject, OwnedItem> RoleBindingWatch { get; } = new()
    {
        Kind = KubernetesKinds.RoleBinding,
        Type = VdcJson.Default.RoleBindingObject,
        Project = OwnedItem.FromBinding,
    };

    // More than the agent ever writes, and it is in memory for as long as the object is there.
    private const int MaxLength = 64 << 10;

    /// <summary>The fingerprint of an object of which nothing is as anyone declared it.</summary>
    protected const string Nothing = """{"isTooLong":true}""";

    public required NamespacedName Name { get; init; }

    public required string Uid { get; init; }

    /// <summary>It carries the agent's label.</summary>
    public required bool IsOurs { get; init; }

    /// <summary>What it means, by <see cref="OwnedFingerprint"/>; of what is longer than the agent writes, nothing.</summary>
    public required string Fingerprint { get; init; }

    public static OwnedItem From(OwnedObject item, DateTimeOffset now) => From(item);

    /// <summary>Of other bindings than those that are the agent's or look like them only the name is kept.</summary>
    public static OwnedItem FromBinding(RoleBindingObject binding, DateTimeOffset now) =>
        IsMarked(binding) || binding.Metadata.Name.StartsWith(VdcNames.BindingPrefix, StringComparison.Ordinal)
            ? From(binding)
            : new OwnedItem { Name = binding.Metadata.Key, Uid = "", IsOurs = false, Fingerprint = "" };

    protected static OwnedItem From(OwnedObject item) => new()
    {
        Name = item.Metadata.Key,
        Uid = item.Metadata.Uid,
        IsOurs = IsMarked(item),
        Fingerprint = OwnedFingerprint.Of(item) is { Length: <= MaxLength } fingerprint ? fingerprint : Nothing,
    };

    private static bool IsMarked(OwnedObject item) => item.Metadata.Label(WellKnownNames.ManagedByLabel) == WellKnownNames.Agent;
}
