using System.Text.Json.Nodes;

namespace KubernetesSandbox.Cluster;

/// <summary>Says which groups, versions and kinds there are.</summary>
internal sealed class Discovery(KindRegistry kinds, AggregatedApis aggregated)
{
    private const string Authorization = "authorization.k8s.io";

    private static readonly string[] ReadAndWrite =
        ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];

    public JsonObject? Answer(string[] path) => path switch
    {
        ["api"] => new JsonObject { ["kind"] = "APIVersions", ["versions"] = new JsonArray("v1") },
        ["apis"] => new JsonObject
        {
            ["kind"] = "APIGroupList",
            ["apiVersion"] = "v1",
            ["groups"] = new JsonArray([.. Groups().Select(group => Group(group.Name, group.Versions))]),
        },
        ["apis", var name] => GroupDocument(name),
        ["api", var version] => Resources("", version),
        ["apis", var group, var version] => Resources(group, version),
        _ => null,
    };

    private JsonObject? GroupDocument(string name)
    {
        var group = Groups().FirstOrDefault(one => one.Name == name);
        if (group.Name is null) return null;
        var document = Group(group.Name, group.Versions);
        document["kind"] = "APIGroup";
        document["apiVersion"] = "v1";
        return document;
    }

    private IEnumerable<(string Name, string[] Versions)> Groups() => kinds.All()
        .Where(kind => kind.Group.Length > 0)
        .Select(kind => (kind.Group, kind.Version))
        .Append((Authorization, "v1"))
        .Concat(aggregated.Versions())
        .GroupBy(pair => pair.Item1, pair => pair.Item2)
        .Select(group => (group.Key, group.Distinct().OrderDescending(VersionPriority.Comparer).ToArray()));

    private static JsonObject Group(string name, string[] versions)
    {
        JsonObject Version(string version) => new() { ["groupVersion"] = $"{name}/{version}", ["version"] = version };
        return new JsonObject
        {
            ["name"] = name,
            ["versions"] = new JsonArray([.. versions.Select(Version)]),
            ["preferredVersion"] = Version(versions[0]),
        };
    }

    private JsonObject? Resources(string group, string version)
    {
        var resources = kinds.All()
            .Where(kind => kind.Group == group && kind.Version == version)
            .SelectMany(Resources)
            .ToList();
        if (group == Authorization && version == "v1") resources.AddRange(Reviews());
        if (resources.Count == 0) return null;
        return new JsonObject
        {
            ["kind"] = "APIResourceList",
            ["apiVersion"] = "v1",
            ["groupVersion"] = group.Length == 0 ? version : $"{group}/{version}",
            ["resources"] = new JsonArray([.. resources]),
        };
    }

    private static IEnumerable<JsonNode> Resources(ResourceKind kind)
    {
        var resource = Resource(kind.Plural, kind.Singular, kind.Namespaced, kind.Kind, ReadAndWrite);
        if (kind.ShortNames.Length > 0) resource["shortNames"] = Texts(kind.ShortNames);
        if (kind.Categories.Length > 0) resource["categories"] = Texts(kind.Categories);
        yield return resource;
        if (kind.HasStatus)
            yield return Resource($"{kind.Plural}/status", "", kind.Namespaced, kind.Kind, ["get", "patch", "update"]);
        if (kind.Resource == BuiltInKinds.Namespace.Resource)
            yield return Resource("namespaces/finalize", "", false, kind.Kind, ["update"]);
    }

    private static IEnumerable<JsonNode> Reviews() =>
    [
        Resource("selfsubjectaccessreviews", "", false, "SelfSubjectAccessReview", ["create"]),
        Resource("subjectaccessreviews", "", false, "SubjectAccessReview", ["create"]),
        Resource("selfsubjectrulesreviews", "", false, "SelfSubjectRulesReview", ["create"]),
    ];

    private static JsonObject Resource(string name, string singular, bool isNamespaced, string kind, string[] verbs) => new()
    {
        ["name"] = name,
        ["singularName"] = singular,
        ["namespaced"] = isNamespaced,
        ["kind"] = kind,
        ["verbs"] = Texts(verbs),
    };

    private static JsonArray Texts(string[] texts) => new([.. texts.Select(text => (JsonNode?)text)]);
}
