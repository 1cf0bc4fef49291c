using System.Text.Json.Serialization;
using OvimSpokeAgent.Cluster;

namespace OvimSpokeAgent.Templates;

/// <summary>A ConfigMap as the store of templates reads it.</summary>
internal sealed record ConfigMapObject : IKubernetesObject
{
    public ObjectMetadata Metadata { get => field ?? ObjectMetadata.None; init; }

    public IReadOnlyDictionary<string, string>? Data { get; init; }

    /// <summary>Its data cannot be changed any more, by anyone.</summary>
    public bool? Immutable { get; init; }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(ConfigMapObject))]
[JsonSerializable(typeof(OpenShiftTemplateObject))]
[JsonSerializable(typeof(DataSourceObject))]
internal sealed partial class TemplateJson : JsonSerializerContext;
