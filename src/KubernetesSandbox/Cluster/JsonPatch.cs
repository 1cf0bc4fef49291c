using System.Globalization;
using System.Text.Json.Nodes;

namespace KubernetesSandbox.Cluster;

/// <summary>A JSON patch that cannot be applied.</summary>
internal sealed class JsonPatchException(string message) : Exception(message);

/// <summary>JSON patch, RFC 6902.</summary>
internal static class JsonPatch
{
    /// <summary>The patched object; neither argument is changed.</summary>
    /// <exception cref="JsonPatchException">An operation is malformed, a path is missing, a test fails.</exception>
    public static JsonNode? Apply(JsonNode target, JsonArray patch)
    {
        // The document hangs below a root, so that the empty path is as any other.
        var root = new JsonObject { [""] = target.DeepClone() };
        foreach (var operation in patch) Apply(root, operation);
        var result = root[""];
        root.Remove("");
        return result;
    }

    private static void Apply(JsonObject root, JsonNode? operation)
    {
        var path = PathOf(operation, "path");
        switch (operation.Text("op"))
        {
            case "add":
                Add(root, path, ValueOf(operation));
                break;
            case "remove":
                Remove(root, path);
                break;
            case "replace":
                Get(root, path);
                Replace(root, path, ValueOf(operation));
                break;
            case "move":
                Add(root, path, Remove(root, PathOf(operation, "from")));
                break;
            case "copy":
                Add(root, path, Get(root, PathOf(operation, "from"))?.DeepClone());
                break;
            case "test":
                if (!JsonNode.DeepEquals(Get(root, path), ValueOf(operation)))
                    throw new JsonPatchException($"testing path {operation.Text("path")} failed");
                break;
            case var other:
                throw new JsonPatchException($"unexpected operation {other}");
        }
    }

    private static JsonNode? Get(JsonObject root, string[] path)
    {
        var (parent, last) = ParentOf(root, path);
        return parent switch
        {
            JsonObject map when map.TryGetPropertyValue(last, out var value) => value,
            JsonArray list => list[IndexOf(last, list.Count - 1)],
            _ => throw Missing(path),
        };
    }

    private static void Add(JsonObject root, string[] path, JsonNode? value)
    {
        var (parent, last) = ParentOf(root, path);
        if (parent is JsonObject map) map[last] = value;
        else if (parent is JsonArray list) list.Insert(last == "-" ? list.Count : IndexOf(last, list.Count), value);
        else throw Missing(path);
    }

    private static void Replace(JsonObject root, string[] path, JsonNode? value)
    {
        var (parent, last) = ParentOf(root, path);
        if (parent is JsonObject map) map[last] = value;
        else if (parent is JsonArray list) list[IndexOf(last, list.Count - 1)] = value;
    }

    private static JsonNode? Remove(JsonObject root, string[] path)
    {
        var value = Get(root, path);
        var (parent, last) = ParentOf(root, path);
        if (parent is JsonObject map) map.Remove(last);
        else if (parent is JsonArray list) list.RemoveAt(IndexOf(last, list.Count - 1));
        return value;
    }

    private static (JsonNode? Parent, string Last) ParentOf(JsonObject root, string[] path)
    {
        JsonNode? parent = root;
        foreach (var key in path.AsSpan()[..^1])
        {
            parent = parent switch
            {
                JsonObject map when map.TryGetPropertyValue(key, out var child) => child,
                JsonArray list => list[IndexOf(key, list.Count - 1)],
                _ => throw Missing(path),
            };
        }
        return (parent, path[^1]);
    }

    private static int IndexOf(string text, int max) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var index) && index <= max
            ? index
            : throw new JsonPatchException($"index {text} out of bounds");

    /// <summary>The keys of a JSON pointer (RFC 6901), the root's own first.</summary>
    private static string[] PathOf(JsonNode? operation, string field)
    {
        var pointer = operation.Text(field) ?? throw new JsonPatchException($"an operation without {field}");
        if (pointer.Length > 0 && pointer[0] != '/') throw new JsonPatchException($"{field} {pointer} is no JSON pointer");
        return [.. pointer.Split('/').Select(
            key => key.Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal))];
    }

    private static JsonNode? ValueOf(JsonNode? operation) =>
        operation is JsonObject map && map.TryGetPropertyValue("value", out var value)
            ? value?.DeepClone()
            : throw new JsonPatchException("an operation without value");

    private static JsonPatchException Missing(string[] path) =>
        new($"path {string.Join('/', path)} does not exist");
}
