using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using OvimSpokeAgent.Sandbox.Hub;

namespace OvimSpokeAgent.Sandbox.Tests.Hub;

/// <summary>The requests of an agent, made by hand.</summary>
internal static class AgentRequests
{
    public static async Task<HttpResponseMessage> SendAsync(this SandboxHub hub, string agent, string zone, HttpMethod method, string path, string? body = null)
    {
        using var http = new HttpClient();
        using var request = new HttpRequestMessage(method, new Uri(hub.Url, path));
        request.Headers.Add("Authorization", $"Bearer {hub.Token}");
        foreach (var (name, value) in new[] { ("X-Agent-ID", agent), ("X-Cluster-ID", zone), ("X-Zone-ID", zone) }) request.Headers.Add(name, value);
        if (body is not null) request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        return await http.SendAsync(request);
    }

    /// <summary>Reports; the hub must take it.</summary>
    public static async Task ReportsAsync(this SandboxHub hub, string agent, string zone, JsonObject report)
    {
        (report["agent_id"], report["cluster_id"], report["zone_id"]) = (agent, zone, zone);
        using var answer = await hub.SendAsync(agent, zone, HttpMethod.Post, "api/v1/spoke/status", report.ToJsonString());
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
    }

    /// <summary>Polls, and says what is handed out.</summary>
    public static async Task<IReadOnlyList<JsonNode>> PollsAsync(this SandboxHub hub, string agent, string zone)
    {
        using var answer = await hub.SendAsync(agent, zone, HttpMethod.Get, $"api/v1/spoke/operations?agent_id={agent}");
        return answer.StatusCode is HttpStatusCode.NoContent
            ? []
            : [.. JsonNode.Parse(await answer.Content.ReadAsStringAsync())!.AsArray().OfType<JsonNode>()];
    }

    /// <summary>Sends a result; the hub must take it.</summary>
    public static async Task AnswersAsync(this SandboxHub hub, string agent, string zone, string id, string result)
    {
        using var answer = await hub.SendAsync(agent, zone, HttpMethod.Post, $"api/v1/spoke/operations/{id}/result", result);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
    }
}
