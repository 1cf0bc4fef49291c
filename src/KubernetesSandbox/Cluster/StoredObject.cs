using System.Text.Json.Nodes;

namespace KubernetesSandbox.Cluster;

/// <summary>Where an object stands within its kind.</summary>
/// <param name="Namespace">Empty for kinds outside namespaces.</param>
/// <param name="Name">Its name.</param>
internal readonly record struct ObjectKey(string Namespace, string Name) : IComparable<ObjectKey>
{
    public int CompareTo(ObjectKey other)
    {
        var byNamespace = string.CompareOrdinal(Namespace, other.Namespace);
        return byNamespace != 0 ? byNamespace : string.CompareOrdinal(Name, other.Name);
    }
}

/// <summary>An object at one version. Nobody changes it: who wants another one copies it.</summary>
internal sealed class StoredObject(GroupResource resource, ObjectKey key, long version, JsonObject content)
{
    private byte[]? _body;

    public GroupResource Resource => resource;

    public ObjectKey Key => key;

    /// <summary>Its <c>metadata.resourceVersion</c>.</summary>
    public long Version => version;

    /// <summary>To be read only.</summary>
    public JsonObject Content => content;

    public string Uid => content.Text("metadata", "uid") ?? "";

    public bool IsDeleting => content.At("metadata", "deletionTimestamp") is not null;

    public IEnumerable<string> Finalizers => content.Items("metadata", "finalizers").Texts();

    /// <summary>
    /// The JSON text behind <c>kind</c> and <c>apiVersion</c>, from <c>"metadata"</c> to the last brace: these two depend
    /// on the version in which it is asked for.
    /// </summary>
    public ReadOnlyMemory<byte> Body => _body ??= MakeBody(content);

    /// <summary>The same object as of a later version: what a watch says of one that is gone.</summary>
    public StoredObject AsOf(long later)
    {
        var copy = content.Copy();
        copy.Metadata()["resourceVersion"] = later.ToString(System.Globalization.CultureInfo.InvariantCulture);
        return new(resource, key, later, copy);
    }

    private static byte[] MakeBody(JsonObject content)
    {
        var rest = new JsonObject { ["metadata"] = content["metadata"]?.DeepClone() ?? new JsonObject() };
        foreach (var (name, value) in content)
        {
            if (name is not ("kind" or "apiVersion" or "metadata")) rest[name] = value?.DeepClone();
        }
        return rest.ToBytes()[1..];
    }
}
