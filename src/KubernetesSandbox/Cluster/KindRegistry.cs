using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;

namespace KubernetesSandbox.Cluster;

/// <summary>The kinds that the server has now: its own and those of the CustomResourceDefinitions in the store.</summary>
internal sealed class KindRegistry(ObjectStore store)
{
    private static readonly Dictionary<(string Group, string Version, string Plural), ResourceKind> BuiltIn =
        BuiltInKinds.All.ToDictionary(kind => (kind.Group, kind.Version, kind.Plural));

    private readonly ConditionalWeakTable<StoredObject, ResourceKind[]> _parsed = [];

    /// <summary>The kind, or null.</summary>
    public ResourceKind? Find(string group, string version, string plural)
    {
        if (BuiltIn.TryGetValue((group, version, plural), out var kind)) return kind;
        var definition = store.Get(BuiltInKinds.CustomResourceDefinition.Resource, new("", $"{plural}.{group}"));
        return definition is null ? null : KindsOf(definition).FirstOrDefault(one => one.Version == version);
    }

    /// <summary>The kind that an <c>apiVersion</c> and a <c>kind</c> name, or null.</summary>
    public ResourceKind? FindByKind(string apiVersion, string kind) =>
        All().FirstOrDefault(one => one.ApiVersion == apiVersion && one.Kind == kind);

    /// <summary>All kinds, the first version of each the preferred one.</summary>
    public IEnumerable<ResourceKind> All() =>
        BuiltInKinds.All.Concat(
            store.Read(BuiltInKinds.CustomResourceDefinition.Resource).Objects.Values.SelectMany(KindsOf));

    /// <summary>Every kind once, in its preferred version: what is stored.</summary>
    public IEnumerable<ResourceKind> Stored() => All().DistinctBy(kind => StoredAs(kind));

    /// <summary>The kind that is stored under a name, or null.</summary>
    public ResourceKind? FindStored(GroupResource resource) => Stored().FirstOrDefault(kind => StoredAs(kind) == resource);

    /// <summary>Under which name a kind's objects are stored.</summary>
    public static GroupResource StoredAs(ResourceKind kind) =>
        kind.Plural == BuiltInKinds.Event.Plural ? BuiltInKinds.Event.Resource : kind.Resource;

    public bool HasVersion(string group, string version) =>
        All().Any(kind => kind.Group == group && kind.Version == version);

    /// <summary>The kinds that a definition makes, one a served version.</summary>
    public ResourceKind[] KindsOf(StoredObject definition) =>
        _parsed.GetValue(definition, one => Parse(one.Content["spec"]!));

    private static ResourceKind[] Parse(JsonNode spec)
    {
        var versions = spec.Items("versions") ?? [];
        return [.. versions
            .Where(version => version.Flag("served") is true)
            .OrderByDescending(version => version.Text("name"), VersionPriority.Comparer)
            .Select(version => ParseVersion(spec, version!))];
    }

    private static ResourceKind ParseVersion(JsonNode spec, JsonNode version) => new()
    {
        Group = spec.Text("group")!,
        Version = version.Text("name")!,
        Plural = spec.Text("names", "plural")!,
        Kind = spec.Text("names", "kind")!,
        Namespaced = spec.Text("scope") == "Namespaced",
        ShortNames = [.. spec.Items("names", "shortNames").Texts()],
        Categories = [.. spec.Items("names", "categories").Texts()],
        HasStatus = version.Map("subresources", "status") is not null,
        HasGeneration = true,
        IsCustom = true,
        Schema = version.Map("schema", "openAPIV3Schema"),
        Columns = [.. (version.Items("additionalPrinterColumns") ?? [])
            .Select(column => new PrinterColumn(
                column.Text("name") ?? "", column.Text("type") ?? "string", column.Text("jsonPath") ?? ""))],
    };
}
