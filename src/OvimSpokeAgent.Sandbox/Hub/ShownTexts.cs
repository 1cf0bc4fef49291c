using System.Text.Json.Nodes;
using KubernetesSandbox;

namespace OvimSpokeAgent.Sandbox.Hub;

/// <summary>What others wrote, for the page.</summary>
internal static class ShownTexts
{
    /// <summary>The text at a path; null: there is none.</summary>
    public static string? ShownText(this JsonNode? node, params ReadOnlySpan<string> path)
    {
        try
        {
            return node.Text(path);
        }
        catch (InvalidOperationException)
        {
            return "(not readable: half a character)"; // as an escape, JSON can hold it
        }
    }
}
