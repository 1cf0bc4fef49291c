using System.Text.Json.Nodes;
using OvimSpokeAgent.Cluster;

namespace OvimSpokeAgent.Benchmarks.CreateVm;

/// <summary>What is in the journal's Secrets.</summary>
internal static class JournalContent
{
    /// <summary>The ids of the operations in a Secret: of one, or of those that came together.</summary>
    public static IEnumerable<string> IdsIn(JsonNode secret)
    {
        if ((string?)secret["metadata"]?["annotations"]?[WellKnownNames.OperationIdAnnotation] is { } id) return [id];
        return (string?)secret["data"]?["operations"] is { } together
            ? JsonNode.Parse(Convert.FromBase64String(together))!.AsArray().Select(operation => (string)operation!["id"]!)
            : [];
    }
}
