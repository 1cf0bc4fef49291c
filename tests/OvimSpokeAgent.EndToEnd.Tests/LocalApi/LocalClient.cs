using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;

namespace OvimSpokeAgent.EndToEnd.Tests.LocalApi;

/// <summary>An operator's hand on an agent's local API.</summary>
internal sealed class LocalClient(Uri url) : IDisposable
{
    /// <summary>Every document.</summary>
    public static readonly IReadOnlyList<string> Documents =
    [
        "debug/state", "debug/hub", "debug/components", "debug/operations", "debug/vms", "debug/vdcs", "debug/templates", "debug/caches",
        "debug/settings", "debug/log", "debug/history", "debug/page", "debug/report",
    ];

    private readonly HttpClient _http = new() { BaseAddress = url };

    /// <summary>A document, which must be there.</summary>
    public async Task<JsonObject> GetAsync(string path)
    {
        using var answer = await SendAsync(HttpMethod.Get, path);
        var text = await answer.Content.ReadAsStringAsync();
        Assert.True(answer.StatusCode == HttpStatusCode.OK, $"{path}: {answer.StatusCode} {text}");
        Assert.Equal("application/json; charset=utf-8", answer.Content.Headers.ContentType?.ToString());
        return JsonNode.Parse(text)!.AsObject();
    }

    /// <summary>Asks for an action; the status and what is said.</summary>
    public async Task<(HttpStatusCode Status, string Said)> PostAsync(string action, string body = "", string type = "application/json")
    {
        using var answer = await SendAsync(HttpMethod.Post, $"debug/{action}", body, type);
        var said = JsonNode.Parse(await answer.Content.ReadAsStringAsync())!;
        return (answer.StatusCode, (string)(said["message"] ?? said["error"])!);
    }

    /// <summary>The status of an answer to a request with some headers.</summary>
    public async Task<HttpStatusCode> StatusAsync(string path, params (string Name, string Value)[] headers)
    {
        using var answer = await SendAsync(HttpMethod.Get, path, headers: headers);
        return answer.StatusCode;
    }

    public async Task<HttpResponseMessage> SendAsync(
        HttpMethod method, string path, string? body = null, string type = "application/json", params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(method, path);
        if (body is not null) request.Content = new ByteArrayContent(Encoding.UTF8.GetBytes(body)) { Headers = { ContentType = MediaTypeHeaderValue.Parse(type) } };
        foreach (var (name, value) in headers) request.Headers.TryAddWithoutValidation(name, value);
        return await _http.SendAsync(request);
    }

    public void Dispose() => _http.Dispose();
}
