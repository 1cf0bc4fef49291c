using System.Text.Json;
using OvimSpokeAgent.Cluster;

namespace OvimSpokeAgent.VirtualDataCenters;

internal sealed record NetworkPolicyObject : OwnedObject;

internal sealed record NetworkPolicyItem : OwnedItem
{
    /// <summary>What is watched for it: everyone's policies.</summary>
    public static WatchSpec<NetworkPolicyObject, NetworkPolicyItem> Watch { get; } = new()
    {
        Kind = KubernetesKinds.NetworkPolicy,
        Type = VdcJson.Default.NetworkPolicyObject,
        Project = From,
        Unreadable = FromUnreadable,
    };

    /// <summary>What it lets through; where that is too long or too odd to be judged, everything.</summary>
    public required NetworkPolicySpec Spec { get; init; }

    public static NetworkPolicyItem From(NetworkPolicyObject policy, DateTimeOffset now)
    {
        var item = From(policy);
        return new NetworkPolicyItem
        {
            Name = item.Name,
            Uid = item.Uid,
            IsOurs = item.IsOurs,
            Fingerprint = item.Fingerprint,
            Spec = item.Fingerprint == Nothing ? NetworkPolicySpec.AllowAll
                : policy.Spec?.Deserialize(VdcJson.Default.NetworkPolicySpec) ?? new NetworkPolicySpec(),
        };
    }

    /// <summary>One that cannot be read may let everything through.</summary>
    public static NetworkPolicyItem FromUnreadable(UnreadableObject policy, NetworkPolicyItem? before) => new()
    {
        Name = policy.Metadata.Key,
        Uid = policy.Metadata.Uid,
        IsOurs = false,
        Fingerprint = Nothing,
        Spec = NetworkPolicySpec.AllowAll,
    };
}
