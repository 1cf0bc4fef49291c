using System.Text.Json;
using OvimSpokeAgent.Cluster;

namespace OvimSpokeAgent.VirtualMachines;

/// <summary>KubeVirt's own object: its components are in the same namespace.</summary>
internal sealed record KubeVirtObject : IKubernetesObject
{
    public ObjectMetadata Metadata { get => field ?? ObjectMetadata.None; init; }

    public JsonElement? Spec { get; init; }

    public JsonElement? Status { get; init; }
}
