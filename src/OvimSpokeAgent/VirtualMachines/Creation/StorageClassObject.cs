using OvimSpokeAgent.Cluster;

namespace OvimSpokeAgent.VirtualMachines;

/// <summary>What the agent reads of a StorageClass (storage.k8s.io/v1).</summary>
internal sealed record StorageClassObject : IKubernetesObject
{
    public ObjectMetadata Metadata { get => field ?? ObjectMetadata.None; init; }

    public string? Provisioner { get; init; }
}
