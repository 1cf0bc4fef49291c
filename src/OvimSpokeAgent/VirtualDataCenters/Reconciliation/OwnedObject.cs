using System.Text.Json;
using OvimSpokeAgent.Cluster;

namespace OvimSpokeAgent.VirtualDataCenters;

/// <summary>
/// A ResourceQuota, LimitRange, NetworkPolicy or RoleBinding as the API returns it: what says how it is meant is kept
/// as it is, so that a field that nobody here knows shows as a difference, too.
/// </summary>
internal abstract record OwnedObject : IKubernetesObject
{
    public ObjectMetadata Metadata { get => field ?? ObjectMetadata.None; init; }

    public JsonElement? Spec { get; init; }

    public JsonElement? Subjects { get; init; }

    public JsonElement? RoleRef { get; init; }
}
