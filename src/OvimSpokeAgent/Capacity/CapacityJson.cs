using System.Text.Json.Serialization;

namespace OvimSpokeAgent.Capacity;

/// <summary>JSON of nodes, storage and metrics.k8s.io.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(NodeObject))]
[JsonSerializable(typeof(StorageCapacityObject))]
[JsonSerializable(typeof(NodeMetricsObject))]
[JsonSerializable(typeof(PodMetricsObject))]
internal sealed partial class CapacityJson : JsonSerializerContext;
