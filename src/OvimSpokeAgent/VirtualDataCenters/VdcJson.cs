using System.Text.Json.Serialization;

namespace OvimSpokeAgent.VirtualDataCenters;

/// <summary>JSON of the kinds a VDC is made of.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(LiveObject))]
[JsonSerializable(typeof(ResourceQuotaObject))]
[JsonSerializable(typeof(LimitRangeObject))]
[JsonSerializable(typeof(NetworkPolicyObject))]
[JsonSerializable(typeof(RoleBindingObject))]
[JsonSerializable(typeof(NetworkPolicySpec))]
[JsonSerializable(typeof(PersistentVolumeObject))]
[JsonSerializable(typeof(GuestObject))]
internal sealed partial class VdcJson : JsonSerializerContext;
