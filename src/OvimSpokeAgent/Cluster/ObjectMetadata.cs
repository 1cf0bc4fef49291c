using System.Text.Json.Serialization;

namespace OvimSpokeAgent.Cluster;

/// <summary>What the agent reads of <c>metadata</c> (ObjectMeta v1).</summary>
/// <remarks>
/// Source-generated JSON sets init properties that are absent to null, whatever their initializer says, and the API may
/// send null: defaults are given on reading, here and in the other kinds.
/// </remarks>
internal sealed record ObjectMetadata
{
    public static readonly ObjectMetadata None = new();

    // The names of operations are those of their journal records.
    private const int MaxOperationLength = 253;

    public string Name { get => field ?? ""; init; }

    public string Namespace { get => field ?? ""; init; }

    public string Uid { get => field ?? ""; init; }

    public string ResourceVersion { get => field ?? ""; init; }

    public DateTimeOffset? CreationTimestamp { get; init; }

    /// <summary>Set once deletion was asked for; the object stays until its finalizers are gone.</summary>
    public DateTimeOffset? DeletionTimestamp { get; init; }

    public IReadOnlyDictionary<string, string>? Labels { get; init; }

    public IReadOnlyDictionary<string, string>? Annotations { get; init; }

    public IReadOnlyList<string>? Finalizers { get; init; }

    public IReadOnlyList<OwnerReference>? OwnerReferences { get; init; }

    [JsonIgnore]
    public NamespacedName Key => new(Namespace, Name);

    /// <summary>
    /// It with those labels alone that have a meaning here, and of annotations who made it: what is kept where there are many.
    /// </summary>
    public ObjectMetadata Bounded() => this with
    {
        Annotations = Annotation(WellKnownNames.CreatedByAnnotation) is { Length: <= MaxOperationLength } maker
            ? new Dictionary<string, string> { [WellKnownNames.CreatedByAnnotation] = maker }
            : null,
        Labels = KeptLabels.Of(Labels, 0, 0).All,
        OwnerReferences = null,
    };

    /// <summary>The value of a label, or null.</summary>
    public string? Label(string name) => Labels is not null && Labels.TryGetValue(name, out var value) ? value : null;

    /// <summary>The value of an annotation, or null.</summary>
    public string? Annotation(string name) =>
        Annotations is not null && Annotations.TryGetValue(name, out var value) ? value : null;
}

/// <summary><c>metadata.ownerReferences[]</c>: when all that are named here are gone, the garbage collector takes the object.</summary>
internal sealed record OwnerReference
{
    public string ApiVersion { get => field ?? ""; init; }

    public string Kind { get => field ?? ""; init; }

    public string Name { get => field ?? ""; init; }

    public string Uid { get => field ?? ""; init; }

    public bool? Controller { get; init; }

    public bool? BlockOwnerDeletion { get; init; }

    /// <summary>Its API group; empty: the core one.</summary>
    [JsonIgnore]
    public string Group => ApiVersion.IndexOf('/') is > 0 and var slash ? ApiVersion[..slash] : "";

    /// <summary>Whether it is of a kind, in whichever version.</summary>
    public bool Is(ResourceKind kind) => Kind == kind.Kind && Group == kind.Group;
}

/// <summary>An object of the Kubernetes API as far as the agent reads it; made by source-generated JSON.</summary>
internal interface IKubernetesObject
{
    ObjectMetadata Metadata { get; }
}
