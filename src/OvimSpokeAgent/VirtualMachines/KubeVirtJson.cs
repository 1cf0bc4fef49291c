using System.Text.Json.Serialization;

namespace OvimSpokeAgent.VirtualMachines;

/// <summary>JSON of KubeVirt's kinds.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(VirtualMachineObject))]
[JsonSerializable(typeof(VirtualMachineInstanceObject))]
[JsonSerializable(typeof(DataVolumeObject))]
[JsonSerializable(typeof(ClaimObject))]
[JsonSerializable(typeof(InstancetypeObject))]
[JsonSerializable(typeof(ClusterInstancetypeObject))]
[JsonSerializable(typeof(InstancetypeSpec))]
[JsonSerializable(typeof(ControllerRevisionObject))]
internal sealed partial class KubeVirtJson : JsonSerializerContext;
