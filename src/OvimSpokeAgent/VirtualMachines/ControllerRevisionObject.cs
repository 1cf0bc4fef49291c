using System.Text.Json;
using OvimSpokeAgent.Cluster;

namespace OvimSpokeAgent.VirtualMachines;

/// <summary>What the agent reads of a ControllerRevision (apps/v1): KubeVirt keeps in them, among others, instancetypes.</summary>
internal sealed record ControllerRevisionObject : IKubernetesObject
{
    public ObjectMetadata Metadata { get => field ?? ObjectMetadata.None; init; }

    /// <summary>Anything: StatefulSets, DaemonSets and others keep theirs. It never changes (the API server sees to that).</summary>
    public JsonElement? Data { get; init; }
}
