using System.Text.Json.Nodes;
using KubernetesSandbox;

namespace OvimSpokeAgent.Sandbox.Hub;

/// <summary>What the hub shows of an agent: what it reads of a report, and how old that is.</summary>
internal static class AgentSummary
{
    public static JsonObject Of(ReceivedReport agent, HubState state, bool? isAlive) => new()
    {
        ["agent_id"] = agent.AgentId,
        ["zone_id"] = agent.Json["zone_id"]?.DeepClone(),
        ["status"] = agent.Json["status"]?.DeepClone(),
        ["version"] = agent.Json["version"]?.DeepClone(),
        ["vms"] = agent.Json.Items("vms")?.Count ?? 0,
        ["vdcs"] = agent.Json.Items("vdcs")?.Count ?? 0,
        ["errors"] = agent.Json.Items("errors")?.Count ?? 0,
        ["last_seen"] = agent.ReceivedAt.ToString("O"),
        ["connected"] = state.IsConnected(agent),
        ["stale"] = state.IsStale(agent),
        ["alive"] = isAlive,
        ["queued"] = state.Queued(agent.AgentId),
    };
}
