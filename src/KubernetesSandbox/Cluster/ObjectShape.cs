using System.Text.Json;
using System.Text.Json.Nodes;

namespace KubernetesSandbox.Cluster;

/// <summary>
/// Refuses objects in which a field that the server reads itself is of another type: built-in kinds have no schema here, and
/// the server must not stumble over what it stored.
/// </summary>
internal static class ObjectShape
{
    private enum Shape
    {
        Text,
        Number,
        Flag,
        Map,
        Texts,
        Maps,
        TextMap,
    }

    private static readonly (string Path, Shape Shape)[] OfAllKinds =
    [
        ("metadata", Shape.Map),
        ("metadata.name", Shape.Text),
        ("metadata.generateName", Shape.Text),
        ("metadata.namespace", Shape.Text),
        ("metadata.uid", Shape.Text),
        ("metadata.resourceVersion", Shape.Text),
        ("metadata.selfLink", Shape.Text),
        ("metadata.creationTimestamp", Shape.Text),
        ("metadata.deletionTimestamp", Shape.Text),
        ("metadata.generation", Shape.Number),
        ("metadata.deletionGracePeriodSeconds", Shape.Number),
        ("metadata.labels", Shape.TextMap),
        ("metadata.annotations", Shape.TextMap),
        ("metadata.finalizers", Shape.Texts),
        ("metadata.ownerReferences", Shape.Maps),
        ("metadata.managedFields", Shape.Maps),
    ];

    private static readonly (string Path, Shape Shape)[] OfBuiltIn = [("spec", Shape.Map), ("status", Shape.Map)];

    private static readonly (string Path, Shape Shape)[] OfPods =
    [
        ("spec.nodeName", Shape.Text), ("status.phase", Shape.Text), ("spec.terminationGracePeriodSeconds", Shape.Number),
        .. OfContainers("spec.containers"),
        .. OfContainers("spec.initContainers"),
    ];

    /// <exception cref="ApiException">400, with the field.</exception>
    public static void Check(ResourceKind kind, JsonObject content)
    {
        Check(kind, content, OfAllKinds);
        if (kind.IsCustom) return;
        Check(kind, content, OfBuiltIn);
        Check(kind, content, Of(kind.Resource));
    }

    private static (string Path, Shape Shape)[] Of(GroupResource resource) => resource switch
    {
        ("", "secrets") => [("type", Shape.Text), ("data", Shape.TextMap), ("stringData", Shape.TextMap), ("immutable", Shape.Flag)],
        ("", "configmaps") => [("data", Shape.TextMap), ("binaryData", Shape.TextMap), ("immutable", Shape.Flag)],
        ("", "namespaces") => [("spec.finalizers", Shape.Texts), ("status.phase", Shape.Text)],
        ("", "pods") => OfPods,
        ("", "services") => [("spec.ports", Shape.Maps), ("spec.externalName", Shape.Text)],
        ("", "persistentvolumeclaims") => [("spec.resources", Shape.Map), ("spec.resources.requests", Shape.Map)],
        ("", "resourcequotas") => [("spec.hard", Shape.Map), ("status.hard", Shape.Map), ("status.used", Shape.Map)],
        ("", "limitranges") => [("spec.limits", Shape.Maps), .. OfLimits()],
        ("networking.k8s.io", "networkpolicies") =>
        [
            ("spec.podSelector", Shape.Map), ("spec.policyTypes", Shape.Texts), ("spec.ingress", Shape.Maps),
            ("spec.egress", Shape.Maps), ("spec.ingress.[].ports", Shape.Maps), ("spec.egress.[].ports", Shape.Maps),
        ],
        (_, "rolebindings" or "clusterrolebindings") => [("roleRef", Shape.Map), ("subjects", Shape.Maps)],
        (_, "roles" or "clusterroles") => [("rules", Shape.Maps)],
        ("admissionregistration.k8s.io", "validatingwebhookconfigurations") =>
        [
            ("webhooks", Shape.Maps), ("webhooks.[].name", Shape.Text), ("webhooks.[].rules", Shape.Maps),
            ("webhooks.[].failurePolicy", Shape.Text), ("webhooks.[].timeoutSeconds", Shape.Number),
            ("webhooks.[].clientConfig", Shape.Map), ("webhooks.[].clientConfig.url", Shape.Text),
            ("webhooks.[].clientConfig.caBundle", Shape.Text), ("webhooks.[].clientConfig.service", Shape.Map),
            ("webhooks.[].namespaceSelector", Shape.Map), ("webhooks.[].objectSelector", Shape.Map),
            .. ((string[])["operations", "apiGroups", "apiVersions", "resources"]).Select(field => ($"webhooks.[].rules.[].{field}", Shape.Texts)),
        ],
        ("apiregistration.k8s.io", "apiservices") =>
        [
            ("spec.group", Shape.Text), ("spec.version", Shape.Text), ("spec.service", Shape.Map), ("spec.caBundle", Shape.Text),
            ("spec.service.name", Shape.Text), ("spec.service.namespace", Shape.Text), ("spec.service.port", Shape.Number),
        ],
        ("apiextensions.k8s.io", "customresourcedefinitions") =>
        [
            ("spec.group", Shape.Text), ("spec.scope", Shape.Text), ("spec.names", Shape.Map), ("spec.names.plural", Shape.Text),
            ("spec.names.kind", Shape.Text), ("spec.names.listKind", Shape.Text), ("spec.names.singular", Shape.Text),
            ("spec.names.shortNames", Shape.Texts), ("spec.names.categories", Shape.Texts), ("spec.versions", Shape.Maps),
            ("spec.versions.[].name", Shape.Text), ("spec.versions.[].additionalPrinterColumns", Shape.Maps),
        ],
        _ => [],
    };

    private static (string Path, Shape Shape)[] OfContainers(string path) =>
    [
        (path, Shape.Maps), ($"{path}.[].resources", Shape.Map), ($"{path}.[].resources.limits", Shape.Map),
        ($"{path}.[].resources.requests", Shape.Map),
    ];

    private static IEnumerable<(string Path, Shape Shape)> OfLimits() =>
        ((string[])["max", "min", "default", "defaultRequest", "maxLimitRequestRatio"])
            .Select(field => ($"spec.limits.[].{field}", Shape.Map));

    private static void Check(ResourceKind kind, JsonObject content, (string Path, Shape Shape)[] fields)
    {
        foreach (var (path, shape) in fields)
        {
            foreach (var value in ValuesAt(content, path.Split('.')))
            {
                if (Fits(value, shape)) continue;
                throw ApiErrors.BadRequest(
                    $"{kind.Kind} in version \"{kind.Version}\" cannot be handled as a {kind.Kind}: {path}: expected {Name(shape)}, "
                    + $"found {value.ToText()}");
            }
        }
    }

    private static IEnumerable<JsonNode> ValuesAt(JsonNode? node, ReadOnlyMemory<string> path)
    {
        if (path.Length == 0) return node is null ? [] : [node];
        return path.Span[0] == "[]"
            ? (node as JsonArray ?? []).SelectMany(item => ValuesAt(item, path[1..]))
            : ValuesAt(node.At(path.Span[0]), path[1..]);
    }

    private static bool Fits(JsonNode value, Shape shape) => shape switch
    {
        Shape.Text => value.GetValueKind() is JsonValueKind.String,
        Shape.Number => value.Number() is not null,
        Shape.Flag => value.Flag() is not null,
        Shape.Map => value is JsonObject,
        Shape.Texts => value is JsonArray texts && texts.All(item => item?.GetValueKind() is JsonValueKind.String),
        Shape.Maps => value is JsonArray maps && maps.All(item => item is JsonObject),
        _ => value is JsonObject map && map.All(pair => pair.Value?.GetValueKind() is JsonValueKind.String),
    };

    private static string Name(Shape shape) => shape switch
    {
        Shape.Text => "a text",
        Shape.Number => "a whole number",
        Shape.Flag => "true or false",
        Shape.Map => "an object",
        Shape.Texts => "a list of texts",
        Shape.Maps => "a list of objects",
        _ => "an object of texts",
    };
}
