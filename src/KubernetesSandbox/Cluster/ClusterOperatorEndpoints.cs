using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace KubernetesSandbox.Cluster;

/// <summary>
/// The API for operators, below <c>/sandbox</c>: see the requests, let things go wrong, deny access, take KubeVirt away.
/// </summary>
internal static class ClusterOperatorEndpoints
{
    private static readonly JsonSerializerOptions Words = new(JsonSerializerDefaults.Web)
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    };

    public static void Map(WebApplication app, ClusterParts parts)
    {
        var (faults, requests, access) = (parts.Seams.Faults, parts.Seams.Requests, parts.Seams.Access);
        app.MapGet("/sandbox/requests", http => AnswerAsync(http, requests.All));
        app.MapDelete("/sandbox/requests", http => DoAsync(http, requests.Clear));
        app.MapGet("/sandbox/faults", http => AnswerAsync(http, faults.Current()));
        app.MapPost("/sandbox/faults", http => AddAsync<ClusterFault>(http, faults.Add));
        app.MapDelete("/sandbox/faults", http => DoAsync(http, faults.Clear));
        app.MapPost("/sandbox/watches/cut", http => CountAsync(http, faults.CutWatches(ResourceOf(http))));
        app.MapPost("/sandbox/watches/end", http => CountAsync(http, faults.EndWatches(ResourceOf(http))));
        app.MapPost("/sandbox/watches/freeze", http => CountAsync(http, faults.FreezeWatches(ResourceOf(http))));
        app.MapPost("/sandbox/compact", http => DoAsync(http, faults.Compact));
        app.MapGet("/sandbox/denied", http => AnswerAsync(http, access.Denied));
        app.MapPost("/sandbox/denied", http => AddAsync<DeniedAccess>(http, access.Deny));
        app.MapDelete("/sandbox/denied", http => DoAsync(http, access.AllowAll));
        app.MapPost("/sandbox/kubevirt", http => DoAsync(http, parts.InstallKubeVirt));
    }

    private static string? ResourceOf(HttpContext http) =>
        http.Request.Query["resource"].ToString() is { Length: > 0 } resource ? resource : null;

    private static Task AnswerAsync<T>(HttpContext http, T value) =>
        Answers.JsonAsync(http, 200, JsonSerializer.SerializeToNode(value, Words)!);

    private static Task CountAsync(HttpContext http, int count) =>
        Answers.JsonAsync(http, 200, new JsonObject { ["watches"] = count });

    private static Task DoAsync(HttpContext http, Action action)
    {
        action();
        http.Response.StatusCode = 204;
        return Task.CompletedTask;
    }

    private static async Task AddAsync<T>(HttpContext http, Action<T> add)
    {
        var text = await RequestBody.ReadTextAsync(http.Request, http.RequestAborted);
        try
        {
            var value = JsonSerializer.Deserialize<T>(text, Words) ?? throw new JsonException("an object is expected");
            add(value);
            await Answers.JsonAsync(http, 201, JsonSerializer.SerializeToNode(value, Words)!);
        }
        catch (JsonException e)
        {
            await Answers.JsonAsync(http, 400, new JsonObject { ["error"] = e.Message });
        }
    }
}
