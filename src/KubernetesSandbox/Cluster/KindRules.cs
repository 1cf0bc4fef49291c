using System.Text;
using System.Text.Json.Nodes;

namespace KubernetesSandbox.Cluster;

/// <summary>What the server itself writes into objects of some kinds.</summary>
internal static class KindRules
{
    public const string CustomResourceCleanup = "customresourcecleanup.apiextensions.k8s.io";

    private const string NamespaceNameLabel = "kubernetes.io/metadata.name";

    /// <summary>Nodes come with their status.</summary>
    public static bool KeepsStatusOnCreate(ResourceKind kind) => kind.Resource == new GroupResource("", "nodes");

    /// <summary>Fills in defaults. <paramref name="current"/> is null for a new object.</summary>
    public static void Default(ResourceKind kind, JsonObject content, JsonObject? current)
    {
        RemoveEmptyFields(kind, content);
        PolicyDefaults.Fill(kind, content);
        switch (kind.Resource)
        {
            case ("", "namespaces"):
                DefaultNamespace(content, current);
                break;
            case ("", "secrets"):
                DefaultSecret(content);
                CheckSecret(content);
                break;
            case ("", "pods"):
                DefaultRequests(content);
                if (current is null) content["status"] = new JsonObject { ["phase"] = "Pending" };
                break;
            case ("", "persistentvolumeclaims"):
                if (current is null) content["status"] = new JsonObject { ["phase"] = "Pending" };
                break;
            case ("events.k8s.io", "events"):
                if (current is null) EventRules.Check(kind, content);
                break;
            case ("apiextensions.k8s.io", "customresourcedefinitions"):
                if (current is null) DefaultDefinition(content);
                break;
        }
    }

    /// <summary>Removes what is empty: the server has no empty list or map in a field that it knows.</summary>
    public static void RemoveEmptyFields(ResourceKind kind, JsonObject content)
    {
        var metadata = content.Metadata();
        foreach (var name in metadata.Where(field => field.Value is null).Select(field => field.Key).ToList()) metadata.Remove(name);
        RemoveEmpty(metadata, "labels", "annotations", "finalizers", "ownerReferences");
        if (kind.Resource is ("", "secrets" or "configmaps")) RemoveEmpty(content, "data", "binaryData");
        if (kind.Resource.Plural == "networkpolicies") RemoveEmpty(content.Map("spec"), "ingress", "egress", "policyTypes");
    }

    private static void RemoveEmpty(JsonObject? content, params ReadOnlySpan<string> fields)
    {
        foreach (var field in fields)
        {
            if (content?[field] is JsonObject { Count: 0 } or JsonArray { Count: 0 }) content.Remove(field);
        }
    }

    private static void DefaultNamespace(JsonObject content, JsonObject? current)
    {
        content.Metadata().MapAt("labels")[NamespaceNameLabel] = content.Text("metadata", "name");
        if (current is not null) return;
        content.MapAt("spec")["finalizers"] = new JsonArray("kubernetes");
        content["status"] = new JsonObject { ["phase"] = "Active" };
    }

    /// <summary>A container that says no request asks for its limit.</summary>
    private static void DefaultRequests(JsonObject pod)
    {
        foreach (var container in (pod.Items("spec", "containers") ?? []).Concat(pod.Items("spec", "initContainers") ?? []))
        {
            foreach (var (name, limit) in container.Map("resources", "limits") ?? [])
            {
                var requests = container!["resources"]!.AsObject().MapAt("requests");
                if (!requests.ContainsKey(name)) requests[name] = limit?.DeepClone();
            }
        }
    }

    private static void DefaultSecret(JsonObject content)
    {
        if (content.Text("type") is not { Length: > 0 }) content["type"] = "Opaque";
        if (content["stringData"] is not JsonObject texts) return;
        var data = content.MapAt("data");
        foreach (var (name, text) in texts) data[name] = Convert.ToBase64String(Encoding.UTF8.GetBytes(text.Text() ?? ""));
        content.Remove("stringData");
    }

    /// <exception cref="ApiException">400: a value is not in base64.</exception>
    private static void CheckSecret(JsonObject content)
    {
        foreach (var (name, value) in content.Map("data") ?? [])
        {
            if (value.Text() is { } text && Convert.TryFromBase64String(text, new byte[text.Length], out _)) continue;
            throw ApiErrors.BadRequest(
                $"Secret in version \"v1\" cannot be handled as a Secret: v1.Secret.Data: decode base64: illegal base64 data ({name})");
        }
    }

    private static void DefaultDefinition(JsonObject content)
    {
        var names = content.MapAt("spec").MapAt("names");
        if (names.Text("kind") is { } kind)
        {
            names["listKind"] ??= kind + "List";
            names["singular"] ??= kind.ToLowerInvariant();
        }
        content.Metadata()["finalizers"] = new JsonArray(CustomResourceCleanup);
        content["status"] = new JsonObject
        {
            ["acceptedNames"] = names.DeepClone(),
            ["storedVersions"] = new JsonArray([.. (content.Items("spec", "versions") ?? [])
                .Where(version => version.Flag("storage") is true)
                .Select(version => (JsonNode?)version.Text("name"))]),
            ["conditions"] = new JsonArray(
                Condition("NamesAccepted", "NoConflicts", "no conflicts found"),
                Condition("Established", "InitialNamesAccepted", "the initial names have been accepted")),
        };

        JsonObject Condition(string type, string reason, string message) => new()
        {
            ["type"] = type,
            ["status"] = "True",
            ["lastTransitionTime"] = content.Text("metadata", "creationTimestamp"),
            ["reason"] = reason,
            ["message"] = message,
        };
    }
}
