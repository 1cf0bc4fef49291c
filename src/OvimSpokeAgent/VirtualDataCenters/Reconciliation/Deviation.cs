using OvimSpokeAgent.Cluster;

namespace OvimSpokeAgent.VirtualDataCenters;

/// <summary>An object of a namespace, or the namespace itself.</summary>
internal readonly record struct ObjectKey(ResourceKind Kind, NamespacedName Name)
{
    /// <summary><c>ResourceQuota vdc-quota</c>, as messages name it.</summary>
    public override string ToString() => $"{Kind.Kind} {Name.Name}";
}

/// <summary>Something that is not as declared.</summary>
/// <param name="Key">The object.</param>
/// <param name="IsLooser">More is let in by it than is declared.</param>
internal sealed record Deviation(ObjectKey Key, bool IsLooser)
{
    /// <summary>The object as it is to be; null: it is not declared, or it is the namespace.</summary>
    public OwnedManifest? Wanted { get; init; }

    /// <summary>What is there and not declared; null: it is declared.</summary>
    public OwnedItem? Surplus { get; init; }

    /// <summary>It is not there at all.</summary>
    public bool IsMissing { get; init; }

    /// <summary>The namespace was a former agent's, and something of that may be left in it.</summary>
    public bool IsTakeover { get; init; }

    /// <summary>
    /// Whether it must wait while these are not put right: access is given, and an old policy taken away, only where what limits
    /// and isolates is there.
    /// </summary>
    public bool WaitsFor(Deviation other) => other.IsLooser && other.Surplus is null
        && (Key.Kind == KubernetesKinds.RoleBinding
            ? IsMissing && other.Key.Kind != KubernetesKinds.RoleBinding
            : Surplus is not null && Key.Kind == KubernetesKinds.NetworkPolicy && other.Key.Kind == KubernetesKinds.NetworkPolicy);
}
