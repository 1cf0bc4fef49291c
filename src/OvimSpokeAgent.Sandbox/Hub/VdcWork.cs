using System.Globalization;
using System.Text.Json.Nodes;
using KubernetesSandbox;

namespace OvimSpokeAgent.Sandbox.Hub;

/// <summary>What a hub does of itself: makes VDCs and deletes them.</summary>
internal sealed class VdcWork(HubState state, HubDispatch dispatch, SandboxHubOptions options)
{
    private const int ActiveTimeoutSeconds = 300;

    /// <exception cref="HubRefusedException">There is one of this name, or the hub sends nothing to the zone now.</exception>
    public HubVdc Create(string name, JsonObject asked)
    {
        var zoneId = asked.Text("zone_id") ?? throw new HubRefusedException("zone_id is required");
        CheckConnected(zoneId);
        var vdc = new HubVdc
        {
            Name = name,
            ZoneId = zoneId,
            Declared = VdcPayload.Declare(name, asked),
            OperationId = state.NewId(),
        };
        if (!state.Vdcs.TryAdd(vdc)) throw new HubRefusedException($"VDC {name} exists");
        Send(vdc, "create_vdc", VdcPayload.ToCreate(vdc, options.Kind));
        return vdc;
    }

    /// <param name="name">The VDC.</param>
    /// <param name="vmCount">How many VMs the hub's database knows in there; today's hub tells it.</param>
    /// <exception cref="HubRefusedException">There is none, or the hub sends nothing to the zone now.</exception>
    public HubVdc Delete(string name, int vmCount)
    {
        CheckConnected(state.Vdcs.Find(name)?.ZoneId ?? throw new HubRefusedException($"there is no VDC {name}"));
        var vdc = state.Vdcs.Deletes(name, state.NewId()) ?? throw new HubRefusedException($"there is no VDC {name}");
        Send(vdc, "delete_vdc", VdcPayload.ToDelete(vdc, options.Kind, vmCount));
        return vdc;
    }

    /// <summary>Today's hub sends all the same; the other one only to an agent that says of late that it is active.</summary>
    private void CheckConnected(string zoneId)
    {
        if (options.Kind is HubKind.Today) return;
        if (AgentOf(zoneId) is not { } agent) throw new HubRefusedException($"no agent of zone {zoneId} has reported");
        if (agent.Json.Text("status") != "active")
            throw new HubRefusedException($"the agent of zone {zoneId} says \"{agent.Json.Text("status")}\", not \"active\"");
        if (!state.IsConnected(agent)) throw new HubRefusedException($"zone {zoneId} is not connected: its last report is of {agent.ReceivedAt:u}");
    }

    private ReceivedReport? AgentOf(string zoneId) =>
        state.Agents.Where(agent => agent.Json.Text("zone_id") == zoneId).MaxBy(agent => agent.ReceivedAt);

    private void Send(HubVdc vdc, string type, JsonObject payload)
    {
        var operation = new JsonObject { ["id"] = vdc.OperationId, ["type"] = type, ["payload"] = payload };
        if (options.Kind is HubKind.Active)
        {
            operation["timestamp"] = state.NewTimestamp();
            operation["retry_count"] = 0;
            operation["timeout_seconds"] = ActiveTimeoutSeconds;
        }
        else
        {
            operation["timestamp"] = options.TimeProvider.GetUtcNow().ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
        }
        dispatch.SendWork(vdc.ZoneId, AgentOf(vdc.ZoneId)?.AgentId, operation);
        state.Changed.Set();
    }
}

/// <summary>The hub does not do what it is asked for; the message says why.</summary>
public sealed class HubRefusedException(string message) : Exception(message);
