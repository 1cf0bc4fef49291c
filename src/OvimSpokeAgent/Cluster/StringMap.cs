using System.Text.Json.Nodes;

namespace OvimSpokeAgent.Cluster;

/// <summary>A map of strings as Kubernetes' objects have it: labels, annotations, selectors.</summary>
internal static class StringMap
{
    /// <summary>Makes the map; of equal keys the last counts.</summary>
    /// <typeparam name="T">A string, also one that may be null.</typeparam>
    public static JsonObject Of<T>(IReadOnlyDictionary<string, T> map, params ReadOnlySpan<(string Key, string Value)> more)
        where T : class?
    {
        var json = new JsonObject();
        foreach (var (key, value) in map) json[key] = (string?)(object?)value;
        foreach (var (key, value) in more) json[key] = value;
        return json;
    }
}
