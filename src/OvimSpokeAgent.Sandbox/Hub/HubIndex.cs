using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;

namespace OvimSpokeAgent.Sandbox.Hub;

/// <summary>What there is at the hub, for who asks for its URL: the page for a browser, JSON for everyone else.</summary>
internal static class HubIndex
{
    private static readonly (string Request, string What)[] ForOperators =
    [
        ("POST /sandbox/operations", "queues an operation: {\"agent_id\", \"type\", \"payload\"}, optional id, timestamp, timeout_seconds"),
        ("GET /sandbox/examples", "the types of operations, each with an example of a payload"),
        ("GET /sandbox/results", "all results, in the order in which they came"),
        ("GET /sandbox/results/{id}", "the last result of an operation"),
        ("GET /sandbox/agents", "the agents: status, version, numbers of VMs, VDCs and errors, whether connected, and whether alive where the hub can ask"),
        ("GET /sandbox/reports/{agent}", "an agent's last report"),
        ("GET /sandbox/state", "what the page shows: agents with VMs and VDCs, the newest operations and what became of them"),
        ("PUT /sandbox/templates", "sets what agents get that ask for templates: {\"templates\": [{\"name\", …}]}"),
        ("GET /sandbox/vdcs", "the VDCs and their phases: creating, active, deleting"),
        ("POST /sandbox/vdcs", "makes a VDC: {\"name\", \"zone_id\"}, optional the fields of create_vdc's payload"),
        ("GET /sandbox/vdcs/{name}", "one VDC"),
        ("DELETE /sandbox/vdcs/{name}", "deletes a VDC; ?vm_count=N: how many VMs the hub knows in it"),
        ("GET /sandbox/lost", "operations that no agent will get, and why"),
        ("GET /sandbox/faults", "what goes wrong with agents' requests"),
        ("POST /sandbox/faults", "lets something go wrong: {\"kind\": \"Status\" | \"DropBefore\" | \"DropAfter\" | \"CutAnswer\" | \"Delay\", …}"),
        ("DELETE /sandbox/faults", "all is well again"),
        ("POST /sandbox/restart", "forgets everything, as a hub does that restarts"),
    ];

    private static readonly (string Request, string What)[] ForAgents =
    [
        ("GET /health", "the hub is there"),
        ("POST /api/v1/spoke/status", "takes a report"),
        ("GET /api/v1/spoke/operations?agent_id={agent}", "hands out what is queued, and forgets it"),
        ("POST /api/v1/spoke/operations/{id}/result", "takes a result"),
    ];

    public static void Map(WebApplication app, SandboxHubOptions options) => app.MapGet("/", context =>
    {
        context.Response.Headers.Vary = "Accept";
        if (HubPage.IsWanted(context.Request)) return HubPage.SendAsync(context);
        var url = $"{context.Request.Scheme}://{context.Request.Host}";
        return AgentEndpoints.AnswerAsync(context, 200, new JsonObject
        {
            ["name"] = "OVIM sandbox: hub",
            ["kind"] = options.Kind.ToString().ToLowerInvariant(),
            ["for_operators"] = Requests(ForOperators),
            ["for_agents"] = Requests(ForAgents),
            ["examples"] = new JsonArray(
                $$$"""curl {{{url}}}/sandbox/operations -d '{"agent_id":"spoke-agent-ZONE","type":"list_vms","payload":{}}'""",
                $"curl {url}/sandbox/results",
                $$$"""curl {{{url}}}/sandbox/vdcs -d '{"name":"mine","zone_id":"ZONE","quota":{"cpu":"4","memory":"8Gi"}}'"""),
        });
    });

    private static JsonObject Requests((string Request, string What)[] requests) =>
        new(requests.Select(one => KeyValuePair.Create(one.Request, (JsonNode?)one.What)));
}
