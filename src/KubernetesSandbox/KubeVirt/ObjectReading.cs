using System.Globalization;
using System.Text.Json.Nodes;

namespace KubernetesSandbox.KubeVirt;

/// <summary>An object's namespace and name.</summary>
internal readonly record struct ObjectName(string Namespace, string Name)
{
    public override string ToString() => $"{Namespace}/{Name}";
}

/// <summary>An object that owns another.</summary>
internal sealed record Owner(ObjectName Name, string Uid);

/// <summary>What all Kubernetes objects have.</summary>
internal static class ObjectReading
{
    public static ObjectName NameOf(this JsonObject item) =>
        new(item.Text("metadata", "namespace") ?? "", item.Text("metadata", "name") ?? "");

    public static string UidOf(this JsonObject item) => item.Text("metadata", "uid") ?? "";

    /// <summary>The version as a number: API servers use the revisions of their store.</summary>
    public static ulong VersionOf(this JsonObject item) =>
        ulong.TryParse(item.Text("metadata", "resourceVersion"), CultureInfo.InvariantCulture, out var version) ? version : 0;

    public static long GenerationOf(this JsonObject item) => item.Number("metadata", "generation") ?? 0;

    public static bool IsDeleting(this JsonObject item) => item.At("metadata", "deletionTimestamp") is not null;

    public static string? Annotation(this JsonObject item, string name) => item.Text("metadata", "annotations", name);

    public static bool HasFinalizer(this JsonObject item, string name) => item.Items("metadata", "finalizers").Texts().Contains(name);

    /// <summary>The controller of a kind that owns the object, or null.</summary>
    public static Owner? OwnerOf(this JsonObject item, Kind kind) =>
        item.Objects("metadata", "ownerReferences")
            .FirstOrDefault(owner => owner.IsTrue("controller") && owner.Text("kind") == kind.Name) is { } owner
            ? new Owner(new ObjectName(item.NameOf().Namespace, owner.Text("name") ?? ""), owner.Text("uid") ?? "")
            : null;

    /// <summary>A reference from an object to the controller that owns it.</summary>
    public static JsonArray OwnedBy(JsonObject owner, Kind kind) => new(new JsonObject
    {
        ["apiVersion"] = kind.ApiVersion,
        ["kind"] = kind.Name,
        ["name"] = owner.Text("metadata", "name"),
        ["uid"] = owner.UidOf(),
        ["controller"] = true,
        ["blockOwnerDeletion"] = true,
    });

    /// <summary>The finalizers of an object without some.</summary>
    public static JsonArray FinalizersWithout(this JsonObject item, params string[] gone) =>
        new([.. item.Items("metadata", "finalizers").Texts().Except(gone).Select(name => JsonValue.Create(name))]);

    public static DateTimeOffset? Time(this JsonNode? node, params ReadOnlySpan<string> path) =>
        DateTimeOffset.TryParse(
            node.Text(path), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time)
            ? time
            : null;
}
