using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace KubernetesSandbox.Cluster;

/// <summary>
/// JSONPath as far as printer columns need it: keys with escaped dots, an index, and the first element in which a field has
/// a value: <c>.status.conditions[?(@.type=="Ready")].status</c>.
/// </summary>
internal static partial class SimpleJsonPath
{
    public static JsonNode? Evaluate(JsonNode? node, string path)
    {
        foreach (Match step in Step().Matches(path))
        {
            if (step.Groups["key"] is { Success: true, Value: var key })
                node = node.At(key.Replace("\\.", ".", StringComparison.Ordinal));
            else if (step.Groups["index"] is { Success: true, Value: var index })
                node = node is JsonArray array && int.Parse(index, CultureInfo.InvariantCulture) is var i && i < array.Count ? array[i] : null;
            else
                node = (node as JsonArray)?.FirstOrDefault(item => item.Text(step.Groups["field"].Value) == step.Groups["value"].Value);
        }
        return node;
    }

    [GeneratedRegex(
        """\.(?<key>([^.\[\\]|\\.)+)|\[(?<index>\d{1,6})\]|\[\?\(@\.(?<field>\w+)\s*==\s*["'](?<value>[^"']*)["']\)\]""",
        RegexOptions.ExplicitCapture)]
    private static partial Regex Step();
}
