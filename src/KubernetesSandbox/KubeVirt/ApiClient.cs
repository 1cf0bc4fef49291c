using System.Net.Http.Headers;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using k8s;

namespace KubernetesSandbox.KubeVirt;

/// <summary>
/// The Kubernetes API in JSON, over the library's connection and credentials.
/// </summary>
internal sealed class ApiClient(Kubernetes client)
{
    private const string Json = "application/json";
    // Faults of the sandbox's cluster can be meant for the agent, or for this.
    private static readonly ProductInfoHeaderValue UserAgent = new("sandbox-kubevirt", null);
    private static readonly TimeSpan RequestLimit = TimeSpan.FromSeconds(30);

    /// <exception cref="RefusedException">The server refused.</exception>
    /// <exception cref="HttpRequestException">The server was not reached.</exception>
    public Task<JsonObject> GetAsync(string path, CancellationToken cancellationToken) =>
        SendAsync(HttpMethod.Get, path, null, Json, cancellationToken);

    /// <summary>The object, or null where there is none (or the server does not know the kind).</summary>
    public async Task<JsonObject?> FindAsync(string path, CancellationToken cancellationToken)
    {
        try
        {
            return await GetAsync(path, cancellationToken);
        }
        catch (RefusedException e) when (e.IsNotFound)
        {
            return null;
        }
    }

    public Task<JsonObject> CreateAsync(Kind kind, string ns, JsonObject body, CancellationToken cancellationToken) =>
        SendAsync(HttpMethod.Post, kind.Path(ns), body, Json, cancellationToken);

    /// <summary>Asks whether an object could be created.</summary>
    public Task<JsonObject> DryRunCreateAsync(Kind kind, string ns, JsonObject body, CancellationToken cancellationToken) =>
        SendAsync(HttpMethod.Post, kind.Path(ns) + "?dryRun=All", body, Json, cancellationToken);

    /// <summary>Replaces an object; refused if it changed since its <c>resourceVersion</c>.</summary>
    public Task<JsonObject> ReplaceAsync(Kind kind, JsonObject body, CancellationToken cancellationToken) =>
        SendAsync(HttpMethod.Put, kind.Path(body.NameOf()), body, Json, cancellationToken);

    /// <summary>Replaces an object's status; refused if the object changed since its <c>resourceVersion</c>.</summary>
    public Task<JsonObject> ReplaceStatusAsync(Kind kind, JsonObject body, CancellationToken cancellationToken) =>
        SendAsync(HttpMethod.Put, kind.Path(body.NameOf()) + "/status", body, Json, cancellationToken);

    public Task<JsonObject> MergeAsync(Kind kind, ObjectName name, JsonObject patch, CancellationToken cancellationToken) =>
        SendAsync(HttpMethod.Patch, kind.Path(name), patch, "application/merge-patch+json", cancellationToken);

    public Task<JsonObject> MergeStatusAsync(Kind kind, ObjectName name, JsonObject patch, CancellationToken cancellationToken) =>
        SendAsync(HttpMethod.Patch, kind.Path(name) + "/status", patch, "application/merge-patch+json", cancellationToken);

    /// <summary>Deletes the object with this uid.</summary>
    /// <returns>The object as it is now if finalizers hold it, else a Status.</returns>
    public Task<JsonObject> DeleteAsync(
        Kind kind, ObjectName name, string uid, CancellationToken cancellationToken, string? version = null) =>
        SendAsync(
            HttpMethod.Delete,
            kind.Path(name),
            new JsonObject
            {
                ["apiVersion"] = "v1",
                ["kind"] = "DeleteOptions",
                ["preconditions"] = version is null
                    ? new JsonObject { ["uid"] = uid }
                    : new JsonObject { ["uid"] = uid, ["resourceVersion"] = version },
                ["propagationPolicy"] = "Background",
            },
            Json,
            cancellationToken);

    /// <summary>The events of a watch, until the server ends it.</summary>
    public async IAsyncEnumerable<JsonObject> WatchAsync(
        string path, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var request = await RequestAsync(HttpMethod.Get, path, null, Json, cancellationToken);
        using var response = await client.HttpClient.SendAsync(
            request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        if (!response.IsSuccessStatusCode)
        {
            throw RefusedException.From(
                await response.Content.ReadAsStringAsync(cancellationToken), (int)response.StatusCode);
        }
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(cancellationToken));
        while (await reader.ReadLineAsync(cancellationToken) is { } line)
        {
            if (line.Length > 0) yield return Parse(line);
        }
    }

    private async Task<JsonObject> SendAsync(
        HttpMethod method, string path, JsonNode? body, string contentType, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(RequestLimit);
        try
        {
            using var request = await RequestAsync(method, path, body, contentType, limit.Token);
            using var response = await client.HttpClient.SendAsync(request, limit.Token);
            var text = await response.Content.ReadAsStringAsync(limit.Token);
            return response.IsSuccessStatusCode ? Parse(text) : throw RefusedException.From(text, (int)response.StatusCode);
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw new HttpRequestException($"{method} {path}: no answer within {RequestLimit.TotalSeconds} s", e);
        }
    }

    private async Task<HttpRequestMessage> RequestAsync(
        HttpMethod method, string path, JsonNode? body, string contentType, CancellationToken cancellationToken)
    {
        var request = new HttpRequestMessage(method, new Uri(client.BaseUri, path)) { Version = new Version(2, 0) };
        request.Headers.UserAgent.Add(UserAgent);
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue(Json));
        if (body is not null)
        {
            request.Content = new ByteArrayContent(Encoding.UTF8.GetBytes(body.ToJsonString()));
            request.Content.Headers.ContentType = new MediaTypeHeaderValue(contentType);
        }
        if (client.Credentials is { } credentials) await credentials.ProcessHttpRequestAsync(request, cancellationToken);
        return request;
    }

    private static JsonObject Parse(string text) =>
        JsonNode.Parse(text) as JsonObject ?? throw new JsonException("the answer is not a JSON object");
}
