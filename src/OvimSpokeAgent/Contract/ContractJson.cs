using System.Text.Json.Serialization;

namespace OvimSpokeAgent.Contract;

/// <summary>The hub's JSON: <c>snake_case</c>, absent instead of <c>null</c>, unknown fields ignored.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(StatusReport))]
[JsonSerializable(typeof(OperationResult))]
[JsonSerializable(typeof(VirtualMachineStatus))]
[JsonSerializable(typeof(VirtualMachineList))]
[JsonSerializable(typeof(DeletionResult))]
[JsonSerializable(typeof(ClusterMetrics))]
[JsonSerializable(typeof(VdcResult))]
[JsonSerializable(typeof(VdcDeletionResult))]
[JsonSerializable(typeof(VdcFailure))]
[JsonSerializable(typeof(TemplateSyncResult))]
[JsonSerializable(typeof(TemplateListing))]
internal sealed partial class ContractJson : JsonSerializerContext;
