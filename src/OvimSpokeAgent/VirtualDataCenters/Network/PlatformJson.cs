using System.Text.Json.Serialization;

namespace OvimSpokeAgent.VirtualDataCenters;

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(ServiceObject))]
[JsonSerializable(typeof(EndpointSliceObject))]
[JsonSerializable(typeof(ApiServiceObject))]
internal sealed partial class PlatformJson : JsonSerializerContext;
