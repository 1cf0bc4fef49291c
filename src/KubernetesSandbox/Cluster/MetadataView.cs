using System.Text.Json.Nodes;

namespace KubernetesSandbox.Cluster;

/// <summary>Objects as <c>PartialObjectMetadata</c> (meta.k8s.io/v1).</summary>
internal static class MetadataView
{
    public static JsonObject Of(StoredObject one) => new()
    {
        ["kind"] = "PartialObjectMetadata",
        ["apiVersion"] = "meta.k8s.io/v1",
        ["metadata"] = one.Content["metadata"]?.DeepClone(),
    };

    public static JsonObject ListOf(IEnumerable<StoredObject> objects, JsonObject meta) => new()
    {
        ["kind"] = "PartialObjectMetadataList",
        ["apiVersion"] = "meta.k8s.io/v1",
        ["metadata"] = meta,
        ["items"] = new JsonArray([.. objects.Select(Of)]),
    };
}
