using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using OvimSpokeAgent.Validation;

namespace OvimSpokeAgent.Cluster;

/// <summary>Reads the JSON of Kubernetes' objects, whoever wrote them.</summary>
internal static class ObjectJson
{
    /// <summary>As deep as the API server lets through (10,000 levels): what is deep there is passed over here.</summary>
    public static readonly JsonReaderOptions Options = new() { MaxDepth = 10_100 };

    /// <summary>Reads one object.</summary>
    /// <exception cref="JsonException">It is none of this type.</exception>
    public static T Read<T>(ReadOnlySpan<byte> json, JsonTypeInfo<T> type)
    {
        var reader = new Utf8JsonReader(json, Options);
        var value = JsonSerializer.Deserialize(ref reader, type) ?? throw new JsonException("it is null");
        reader.Read(); // fails where it goes on
        return value;
    }

    /// <summary>Reads the object at which <paramref name="reader"/> is, as far as that can be done.</summary>
    /// <param name="reader">The reader; all of the object is in its buffer.</param>
    /// <param name="type">The object's type.</param>
    /// <exception cref="JsonException">It is no object, or one that has no name.</exception>
    public static ReadObject<T> Read<T>(Utf8JsonReader reader, JsonTypeInfo<T> type)
        where T : class, IKubernetesObject
    {
        if (reader.TokenType is not JsonTokenType.StartObject) throw new JsonException("not an object");
        var again = reader;
        try
        {
            return new ReadObject<T>(JsonSerializer.Deserialize(ref reader, type)!);
        }
        catch (JsonException e)
        {
            var metadata = MetadataOf(JsonElement.ParseValue(ref again));
            return metadata.Name.Length > 0 ? new ReadObject<T>(metadata, e) : throw new JsonException("an object without a name", e);
        }
    }

    private static ObjectMetadata MetadataOf(JsonElement item)
    {
        if (!JsonText.TryGetProperty(item, "metadata", out var metadata) || metadata.ValueKind is not JsonValueKind.Object)
            return ObjectMetadata.None;
        return new ObjectMetadata
        {
            Name = Text("name") ?? "",
            Namespace = Text("namespace") ?? "",
            Uid = Text("uid") ?? "",
            ResourceVersion = Text("resourceVersion") ?? "",
            CreationTimestamp = Time("creationTimestamp"),
            DeletionTimestamp = Time("deletionTimestamp"),
            Finalizers = Texts("finalizers"),
        };

        IReadOnlyList<string> Texts(string field) =>
            JsonText.TryGetProperty(metadata, field, out var value) && value.ValueKind is JsonValueKind.Array
            ? [.. value.EnumerateArray().Select(one => JsonText.TryGetString(one, out var text) ? text : null).OfType<string>()]
            : [];

        string? Text(string field) =>
            JsonText.TryGetProperty(metadata, field, out var value) && JsonText.TryGetString(value, out var text) ? text : null;

        DateTimeOffset? Time(string field) =>
            JsonText.TryGetProperty(metadata, field, out var value) && value.ValueKind is JsonValueKind.String
            && value.TryGetDateTimeOffset(out var time) ? time : null;
    }
}
