namespace OvimSpokeAgent.Cluster;

/// <summary>Names one object of a kind; <see cref="Namespace"/> is empty for cluster-scoped kinds.</summary>
internal readonly record struct NamespacedName(string Namespace, string Name)
{
    /// <summary>A cluster-scoped object.</summary>
    public static NamespacedName ClusterScoped(string name) => new("", name);

    /// <summary><c>namespace/name</c>, or the name alone.</summary>
    public override string ToString() => Namespace.Length == 0 ? Name : $"{Namespace}/{Name}";
}
