using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace OvimSpokeAgent.Sandbox.Hub;

/// <summary>The requests that agents make.</summary>
internal static class AgentEndpoints
{
    private static readonly object WasCompressed = new();
    private static readonly string[] IdHeaders = ["X-Agent-ID", "X-Cluster-ID", "X-Zone-ID"];

    public static void Map(WebApplication app, HubState state, SandboxHubOptions options)
    {
        app.MapGet("/health", context => context.Response.WriteAsync("""{"status":"ok"}"""));
        app.MapPost("/api/v1/spoke/status", context => Guarded(context, state, () => ReceiveReportAsync(context, state, options)));
        app.MapGet("/api/v1/spoke/operations", context => Guarded(context, state, () => HandOutAsync(context, state, options)));
        app.MapGet("/api/v1/spoke/templates", context => Guarded(context, state, () => GiveTemplatesAsync(context, state)));
        app.MapPost(
            "/api/v1/spoke/operations/{id}/result",
            context => Guarded(context, state, () => ReceiveResultAsync(context, state)));
    }

    /// <summary>Takes compressed bodies; the framework's decompression removes the header that tells them.</summary>
    public static void UseDecompression(WebApplication app)
    {
        app.Use((context, next) =>
        {
            if (context.Request.Headers.ContentEncoding.Count > 0) context.Items[WasCompressed] = true;
            return next(context);
        });
        app.UseRequestDecompression();
    }

    public static Task AnswerAsync(HttpContext context, int status, JsonNode? body)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "application/json";
        return context.Response.WriteAsync(body?.ToJsonString() ?? "null");
    }

    public static Task ErrorAsync(HttpContext context, int status, string error) =>
        AnswerAsync(context, status, new JsonObject { ["error"] = error });

    public static async Task<(string Text, JsonObject? Json)> ReadObjectAsync(HttpContext context)
    {
        using var reader = new StreamReader(context.Request.Body);
        var text = await reader.ReadToEndAsync(context.RequestAborted);
        try
        {
            return (text, JsonNode.Parse(text) as JsonObject);
        }
        catch (JsonException)
        {
            return (text, null);
        }
    }

    private static Task Guarded(HttpContext context, HubState state, Func<Task> handle)
    {
        var headers = context.Request.Headers;
        if (headers.Authorization != $"Bearer {state.Token}") return ErrorAsync(context, 401, "invalid token");
        foreach (var header in IdHeaders)
        {
            if (string.IsNullOrEmpty(headers[header])) return ErrorAsync(context, 401, $"missing header {header}");
        }
        return handle();
    }

    private static async Task ReceiveReportAsync(
        HttpContext context, HubState state, SandboxHubOptions options)
    {
        var wasCompressed = context.Items.ContainsKey(WasCompressed);
        var (_, report) = await ReadObjectAsync(context);
        if (report is null)
        {
            await ErrorAsync(context, 400, "invalid JSON");
            return;
        }
        if (WireFormat.ProblemOfReport(report) is { } problem)
        {
            await ErrorAsync(context, 400, problem);
            return;
        }
        state.Report(report, wasCompressed);
        if (options.TakesGzip) context.Response.Headers.AcceptEncoding = "gzip";
        await AnswerAsync(context, 200, new JsonObject { ["status"] = "received" });
    }

    private static Task HandOutAsync(HttpContext context, HubState state, SandboxHubOptions options)
    {
        var agentId = context.Request.Query["agent_id"].ToString();
        if (agentId.Length == 0) return ErrorAsync(context, 400, "agent_id is required");
        var operations = new JsonArray([.. state.Take(agentId)]);
        if (operations.Count > 0)
            return AnswerAsync(context, 200, options.WrapOperations ? new JsonObject { ["operations"] = operations } : operations);
        switch (options.EmptyAnswer)
        {
            case EmptyAnswer.EmptyArray:
                return AnswerAsync(context, 200, options.WrapOperations ? new JsonObject { ["operations"] = operations } : operations);
            case EmptyAnswer.Null:
                return AnswerAsync(context, 200, null);
            default:
                context.Response.StatusCode = 204;
                return Task.CompletedTask;
        }
    }

    private static Task GiveTemplatesAsync(HttpContext context, HubState state)
    {
        if (state.Templates is not { } templates) return ErrorAsync(context, 404, "not found");
        var etag = $"\"{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(templates)).AsSpan(0, 16))}\"";
        context.Response.Headers.ETag = etag;
        if (context.Request.Headers.IfNoneMatch == etag)
        {
            context.Response.StatusCode = 304;
            return Task.CompletedTask;
        }
        context.Response.ContentType = "application/json";
        return context.Response.WriteAsync($$"""{"templates":{{templates}}}""");
    }

    private static async Task ReceiveResultAsync(HttpContext context, HubState state)
    {
        var (text, result) = await ReadObjectAsync(context);
        if (result is null)
        {
            await ErrorAsync(context, 400, "invalid JSON");
            return;
        }
        if (WireFormat.ProblemOfResult(result) is { } problem)
        {
            await ErrorAsync(context, 400, problem);
            return;
        }
        state.AddResult((string)context.Request.RouteValues["id"]!, text);
        await AnswerAsync(context, 200, new JsonObject { ["status"] = "received" });
    }
}
