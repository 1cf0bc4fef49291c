using System.Text.Json.Serialization;
using OvimSpokeAgent.Health;

namespace OvimSpokeAgent.LocalApi;

/// <summary>The local API's JSON: <c>snake_case</c>, absent instead of <c>null</c>.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(StateDocument))]
[JsonSerializable(typeof(HubDocument))]
[JsonSerializable(typeof(HealthDocument))]
[JsonSerializable(typeof(OperationsDocument))]
[JsonSerializable(typeof(VmsDocument))]
[JsonSerializable(typeof(VdcsDocument))]
[JsonSerializable(typeof(TemplatesDocument))]
[JsonSerializable(typeof(CachesDocument))]
[JsonSerializable(typeof(SettingsDocument))]
[JsonSerializable(typeof(LogDocument))]
[JsonSerializable(typeof(HistoryDocument))]
[JsonSerializable(typeof(PageDocument))]
[JsonSerializable(typeof(ReportDocument))]
[JsonSerializable(typeof(ActionDocument))]
[JsonSerializable(typeof(ErrorDocument))]
internal sealed partial class LocalApiJson : JsonSerializerContext;
