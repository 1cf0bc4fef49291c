using OvimSpokeAgent.Cluster;

namespace OvimSpokeAgent.VirtualDataCenters;

internal sealed record ResourceQuotaObject : OwnedObject
{
    public ResourceQuotaStatus? Status { get; init; }
}

internal sealed record ResourceQuotaStatus
{
    /// <summary>What the quota controller has taken over from the spec; the admission goes by it.</summary>
    public IReadOnlyDictionary<string, string>? Hard { get; init; }

    public IReadOnlyDictionary<string, string>? Used { get; init; }
}

internal sealed record ResourceQuotaItem : OwnedItem
{
    /// <summary>What is watched for it.</summary>
    public static WatchSpec<ResourceQuotaObject, ResourceQuotaItem> Watch { get; } = new()
    {
        Kind = KubernetesKinds.ResourceQuota,
        Type = VdcJson.Default.ResourceQuotaObject,
        Project = ResourceQuotaItem.From,
        LabelSelector = VdcCaches.OwnSelector,
    };

    /// <summary>How much the agent added to what was declared; null where it does not say.</summary>
    public QuotaHeadroom? Headroom { get; init; }

    /// <summary>What the quota controller counts.</summary>
    public required IReadOnlyDictionary<string, decimal> Used { get; init; }

    /// <summary>The values that the admission goes by; empty until the quota controller has seen the quota.</summary>
    public required IReadOnlyDictionary<string, decimal> Enforced { get; init; }

    public static ResourceQuotaItem From(ResourceQuotaObject quota, DateTimeOffset now)
    {
        var item = From(quota);
        return new ResourceQuotaItem
        {
            Name = item.Name,
            Uid = item.Uid,
            IsOurs = item.IsOurs,
            Fingerprint = item.Fingerprint,
            Headroom = QuotaHeadroom.Parse(quota.Metadata.Annotation(QuotaHeadroom.Annotation)),
            Used = ValuesOf(quota.Status?.Used),
            Enforced = ValuesOf(quota.Status?.Hard),
        };
    }

    private static Dictionary<string, decimal> ValuesOf(IReadOnlyDictionary<string, string>? texts)
    {
        var values = new Dictionary<string, decimal>();
        foreach (var resource in VdcManifests.QuotaResources)
        {
            if (texts is not null && texts.TryGetValue(resource, out var text) && Quantity.TryRead(text, out var quantity))
                values[resource] = quantity.Value;
        }
        return values;
    }
}
