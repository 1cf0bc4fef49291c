using OvimSpokeAgent.Cluster;

namespace OvimSpokeAgent.VirtualDataCenters;

/// <summary>A namespace that the hub's own controller made on the hub's cluster; of one that is a VDC, its name.</summary>
internal sealed record HubNamespace
{
    /// <summary>What is watched for it.</summary>
    public static WatchSpec<NamespaceObject, HubNamespace> Watch { get; } = new()
    {
        Kind = KubernetesKinds.Namespace,
        Type = ClusterJson.Default.NamespaceObject,
        Project = HubNamespace.From,
        Which = "made by the hub",
        LabelSelector = OtherOwners.HubSelector,
    };

    public required string Name { get; init; }

    public required string Uid { get; init; }

    /// <summary>The VDC; null: it is none.</summary>
    public string? VdcName { get; init; }

    public required bool IsTerminating { get; init; }

    public required KeptLabels Labels { get; init; }

    public DateTimeOffset? CreatedAt { get; init; }

    public required DateTimeOffset SeenAt { get; init; }

    public static HubNamespace From(NamespaceObject ns, DateTimeOffset now)
    {
        var labels = ns.Metadata.Labels ?? new Dictionary<string, string>();
        return new HubNamespace
        {
            Name = ns.Metadata.Name,
            Uid = ns.Metadata.Uid,
            VdcName = OtherOwners.VdcNameOf(labels),
            IsTerminating = ns.Metadata.DeletionTimestamp is not null,
            Labels = KeptLabels.ForReport(labels),
            CreatedAt = ns.Metadata.CreationTimestamp,
            SeenAt = now,
        };
    }
}
