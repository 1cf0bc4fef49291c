namespace OvimSpokeAgent.Cluster;

/// <summary>A resource of the Kubernetes API and its paths.</summary>
/// <param name="Group">API group; empty for the core group.</param>
/// <param name="Version">API version, e.g. <c>v1</c>.</param>
/// <param name="Plural">The resource's name in paths, e.g. <c>virtualmachines</c>.</param>
/// <param name="Kind">The object's kind, e.g. <c>VirtualMachine</c>.</param>
internal sealed record ResourceKind(string Group, string Version, string Plural, string Kind)
{
    /// <summary>Served by another server behind the API server: whether that answers tells nothing about the API server.</summary>
    public bool IsAggregated { get; init; }

    /// <summary>The <c>apiVersion</c> of its objects.</summary>
    public string ApiVersion => Group.Length == 0 ? Version : $"{Group}/{Version}";

    /// <summary>The path under which the server tells which kinds this version of the group has.</summary>
    public string DiscoveryPath => Group.Length == 0 ? $"api/{Version}" : $"apis/{Group}/{Version}";

    /// <summary>The path of the collection: of one namespace, or of all when <paramref name="ns"/> is empty.</summary>
    public string CollectionPath(string ns = "")
    {
        return ns.Length == 0 ? $"{DiscoveryPath}/{Plural}" : $"{DiscoveryPath}/namespaces/{Uri.EscapeDataString(ns)}/{Plural}";
    }

    /// <summary>The path of one object, or of its subresource.</summary>
    public string ObjectPath(NamespacedName name, string? subresource = null)
    {
        var path = $"{CollectionPath(name.Namespace)}/{Uri.EscapeDataString(name.Name)}";
        return subresource is null ? path : $"{path}/{subresource}";
    }

    /// <summary><c>virtualmachines.kubevirt.io</c>, as operators and RBAC write it.</summary>
    public override string ToString() => Group.Length == 0 ? Plural : $"{Plural}.{Group}";
}
