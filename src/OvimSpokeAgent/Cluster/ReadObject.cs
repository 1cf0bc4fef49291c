using System.Diagnostics.CodeAnalysis;
using System.Text.Json;

namespace OvimSpokeAgent.Cluster;

/// <summary>
/// An object of a list or a watch as it was read. Its JSON may be none of its kind: custom resources can hold fields of any
/// type where their schema lets them through. Then only <see cref="Metadata"/> is there.
/// </summary>
internal readonly record struct ReadObject<T>
    where T : class, IKubernetesObject
{
    private readonly T? _value;
    private readonly JsonException? _problem;

    public ReadObject(T value) => (_value, Metadata) = (value, value.Metadata);

    public ReadObject(ObjectMetadata metadata, JsonException problem) => (Metadata, _problem) = (metadata, problem);

    /// <summary>Of an object that cannot be read: of name, namespace, uid, version, times and finalizers what can be.</summary>
    public ObjectMetadata Metadata { get; }

    /// <summary>The object.</summary>
    /// <exception cref="JsonException">It cannot be read.</exception>
    [SuppressMessage("Design", "CA1065", Justification = "whoever cannot do without the object fails by the reason why there is none")]
    public T Value => _value ?? throw _problem!;
}
