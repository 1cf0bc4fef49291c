using System.Text.Json;
using OvimSpokeAgent.Cluster;

namespace OvimSpokeAgent.Templates;

/// <summary>OpenShift's <c>Template</c> (<c>template.openshift.io/v1</c>): objects with parameters in their texts.</summary>
internal sealed record OpenShiftTemplateObject : IKubernetesObject
{
    public ObjectMetadata Metadata { get => field ?? ObjectMetadata.None; init; }

    public IReadOnlyList<JsonElement>? Objects { get; init; }

    public IReadOnlyList<OpenShiftParameter?>? Parameters { get; init; }

    /// <summary>Labels for all objects.</summary>
    public JsonElement? Labels { get; init; }
}

/// <summary>One of a Template's <c>parameters</c>.</summary>
internal sealed record OpenShiftParameter
{
    public string? Name { get; init; }

    public string? DisplayName { get; init; }

    public string? Value { get; init; }

    /// <summary><c>expression</c>: a value that nobody gives is made by <see cref="From"/>.</summary>
    public string? Generate { get; init; }

    public string? From { get; init; }

    public bool? Required { get; init; }
}
