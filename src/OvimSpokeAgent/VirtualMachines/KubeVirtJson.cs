using System.Text.Json.Serialization;
using OvimSpokeAgent.Cluster;

namespace OvimSpokeAgent.VirtualMachines;

/// <summary>JSON of KubeVirt's kinds.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(VirtualMachineObject))]
[JsonSerializable(typeof(VirtualMachineInstanceObject))]
[JsonSerializable(typeof(KeptDisks))]
[JsonSerializable(typeof(OwnerReference))]
[JsonSerializable(typeof(DataVolumeObject))]
[JsonSerializable(typeof(ClaimObject))]
[JsonSerializable(typeof(CdiConfigObject))]
[JsonSerializable(typeof(StorageProfileObject))]
[JsonSerializable(typeof(StorageClassObject))]
[JsonSerializable(typeof(InstancetypeObject))]
[JsonSerializable(typeof(ClusterInstancetypeObject))]
[JsonSerializable(typeof(InstancetypeSpec))]
[JsonSerializable(typeof(KubeVirtObject))]
[JsonSerializable(typeof(ControllerRevisionObject))]
internal sealed partial class KubeVirtJson : JsonSerializerContext;
