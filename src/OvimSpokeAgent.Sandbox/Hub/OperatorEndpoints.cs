using System.Text.Json;
using System.Text.Json.Nodes;
using KubernetesSandbox;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace OvimSpokeAgent.Sandbox.Hub;

/// <summary>The sandbox's own API: queue operations, read what came, let things go wrong.</summary>
internal static class OperatorEndpoints
{
    private static readonly JsonSerializerOptions FaultJson = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        UnmappedMemberHandling = System.Text.Json.Serialization.JsonUnmappedMemberHandling.Disallow,
        TypeInfoResolver = new System.Text.Json.Serialization.Metadata.DefaultJsonTypeInfoResolver(),
    };

    public static void Map(WebApplication app, HubState state, HubDispatch dispatch, Func<ReceivedReport, bool?> isAlive, HubFaults faults)
    {
        app.MapPost("/sandbox/operations", context => QueueAsync(context, state, dispatch));
        app.MapGet("/sandbox/results", context => AnswerAsync(context, state.Results.Select(ToJson)));
        app.MapGet("/sandbox/results/{id}", context => ResultAsync(context, state));
        app.MapGet("/sandbox/agents", context => AnswerAsync(context, state.Agents.Select(agent => AgentSummary.Of(agent, state, isAlive(agent)))));
        app.MapGet("/sandbox/reports/{agent}", context => ReportAsync(context, state));
        app.MapGet("/sandbox/lost", context => AnswerAsync(context, state.Lost.Select(lost => new JsonObject
        {
            ["operation"] = lost.Operation.DeepClone(),
            ["why"] = lost.Why,
        })));
        app.MapPut("/sandbox/templates", context => SetTemplatesAsync(context, state));
        app.MapPost("/sandbox/restart", context =>
        {
            state.Forget();
            return AgentEndpoints.AnswerAsync(context, 200, new JsonObject { ["status"] = "forgotten" });
        });
        app.MapGet("/sandbox/faults", context =>
            AnswerAsync(context, faults.Current().Select(fault => JsonSerializer.SerializeToNode(fault, FaultJson))));
        app.MapPost("/sandbox/faults", context => AddFaultAsync(context, faults));
        app.MapDelete("/sandbox/faults", context =>
        {
            faults.Clear();
            return AgentEndpoints.AnswerAsync(context, 200, new JsonObject { ["status"] = "cleared" });
        });
    }

    private static async Task SetTemplatesAsync(HttpContext context, HubState state)
    {
        var (_, body) = await AgentEndpoints.ReadObjectAsync(context);
        if (body?["templates"] is not JsonArray templates)
        {
            await AgentEndpoints.ErrorAsync(context, 400, """expected {"templates": [{"name": "…", …}]}: what agents get that ask for templates""");
            return;
        }
        state.Templates = templates.ToJsonString();
        await AgentEndpoints.AnswerAsync(context, 200, new JsonObject { ["templates"] = templates.Count });
    }

    private static async Task QueueAsync(HttpContext context, HubState state, HubDispatch dispatch)
    {
        var (_, body) = await AgentEndpoints.ReadObjectAsync(context);
        var agentId = body is null ? null : Filled(body, "agent_id");
        var type = body is null ? null : Filled(body, "type");
        if (body is null || agentId is null || type is null || body["payload"] is not (null or JsonObject))
        {
            await AgentEndpoints.ErrorAsync(
                context,
                400,
                """expected {"agent_id": "…", "type": "create_vm", "payload": {…}}, with optional id, timestamp, timeout_seconds""");
            return;
        }
        var operation = body.DeepClone().AsObject();
        operation.Remove("agent_id");
        operation["id"] ??= state.NewId();
        operation["timestamp"] ??= state.NewTimestamp();
        operation["payload"] ??= new JsonObject();
        var id = operation["id"]!.DeepClone();
        dispatch.SendQueued(agentId, operation);
        await AgentEndpoints.AnswerAsync(context, 202, new JsonObject { ["id"] = id });
    }

    private static Task ResultAsync(HttpContext context, HubState state)
    {
        var id = (string)context.Request.RouteValues["id"]!;
        return state.LastResult(id) is { } result
            ? AgentEndpoints.AnswerAsync(context, 200, ToJson(result))
            : AgentEndpoints.ErrorAsync(context, 404, $"no result for {id}");
    }

    private static Task ReportAsync(HttpContext context, HubState state)
    {
        var id = (string)context.Request.RouteValues["agent"]!;
        return state.Agents.FirstOrDefault(agent => agent.AgentId == id) is { } report
            ? AgentEndpoints.AnswerAsync(context, 200, report.Json.DeepClone())
            : AgentEndpoints.ErrorAsync(context, 404, $"no agent {id}");
    }

    private static async Task AddFaultAsync(HttpContext context, HubFaults faults)
    {
        var (text, _) = await AgentEndpoints.ReadObjectAsync(context);
        try
        {
            var fault = JsonSerializer.Deserialize<HubFault>(text, FaultJson) ?? throw new JsonException("no fault");
            faults.Add(fault);
            await AgentEndpoints.AnswerAsync(context, 201, JsonSerializer.SerializeToNode(fault, FaultJson));
        }
        catch (JsonException e)
        {
            await AgentEndpoints.ErrorAsync(context, 400, e.Message);
        }
    }

    private static Task AnswerAsync(HttpContext context, IEnumerable<JsonNode?> items) =>
        AgentEndpoints.AnswerAsync(context, 200, new JsonArray([.. items]));

    private static JsonNode ToJson(ReceivedResult result) => new JsonObject
    {
        ["operation_id"] = result.OperationId,
        ["received_at"] = result.ReceivedAt.ToString("O"),
        ["body"] = result.Json.DeepClone(),
    };

    private static string? Filled(JsonObject body, string field) => body.Text(field) is { Length: > 0 } text ? text : null;
}
