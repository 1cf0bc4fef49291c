using System.Text.Json.Nodes;

namespace KubernetesSandbox.Cluster;

/// <summary>A kind across its versions: what objects are stored under.</summary>
/// <param name="Group">API group; empty for core.</param>
/// <param name="Plural">The name in URLs.</param>
internal readonly record struct GroupResource(string Group, string Plural)
{
    /// <summary>As messages and CRD names say it: <c>virtualmachines.kubevirt.io</c>, <c>secrets</c>.</summary>
    public override string ToString() => Group.Length == 0 ? Plural : $"{Plural}.{Group}";
}

/// <summary>Which names a kind takes.</summary>
internal enum NameRule
{
    DnsSubdomain,
    DnsLabel,

    /// <summary>Anything that can stand in a URL's path: the RBAC kinds.</summary>
    PathSegment,
}

/// <summary>A column that <c>kubectl get</c> shows beside the name.</summary>
internal sealed record PrinterColumn(string Name, string Type, string JsonPath);

/// <summary>A kind as one API version serves it.</summary>
internal sealed record ResourceKind
{
    /// <summary>API group; empty for core.</summary>
    public required string Group { get; init; }

    public required string Version { get; init; }

    public required string Plural { get; init; }

    public required string Kind { get; init; }

    public bool Namespaced { get; init; } = true;

    public string[] ShortNames { get; init; } = [];

    public string[] Categories { get; init; } = [];

    /// <summary>Whether <c>/status</c> is apart from the rest of the object.</summary>
    public bool HasStatus { get; init; }

    /// <summary>Whether <c>metadata.generation</c> counts the changes of what is neither metadata nor status.</summary>
    public bool HasGeneration { get; init; }

    /// <summary>Defined by a CustomResourceDefinition.</summary>
    public bool IsCustom { get; init; }

    /// <summary>Whether <c>PUT</c> makes what does not exist.</summary>
    public bool CreatesOnUpdate { get; init; }

    public NameRule Names { get; init; }

    /// <summary>Fields that field selectors know beside <c>metadata.name</c> and <c>metadata.namespace</c>.</summary>
    public string[] SelectableFields { get; init; } = [];

    public PrinterColumn[] Columns { get; init; } = [];

    /// <summary>The CRD's <c>openAPIV3Schema</c>; null where there is none.</summary>
    public JsonObject? Schema { get; init; }

    public string Singular => Kind.ToLowerInvariant();

    public string ListKind => Kind + "List";

    public string ApiVersion => Group.Length == 0 ? Version : $"{Group}/{Version}";

    public GroupResource Resource => new(Group, Plural);

    /// <summary>As messages name the kind: <c>VirtualMachine.kubevirt.io</c>, <c>Secret</c>.</summary>
    public string QualifiedKind => Group.Length == 0 ? Kind : $"{Kind}.{Group}";
}
