using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using k8s;

namespace OvimSpokeAgent.EndToEnd.Tests.Harness;

/// <summary>A test's own hand on the cluster: plain JSON, as an administrator.</summary>
internal sealed class JsonApi : IDisposable
{
    public static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    private readonly string _kubeconfig;
    private readonly Kubernetes _client;

    private JsonApi(string kubeconfig, params DelegatingHandler[] handlers)
    {
        _kubeconfig = kubeconfig;
        _client = new Kubernetes(KubernetesClientConfiguration.BuildConfigFromConfigFile(kubeconfig), handlers);
    }

    public static JsonApi Open(string kubeconfig) => new(kubeconfig);

    /// <summary>The same cluster as a user who is in one group.</summary>
    public JsonApi As(string user, string group) => new(_kubeconfig, new ImpersonatingHandler(user, group));

    /// <summary>The object at a path, or null.</summary>
    public async Task<JsonObject?> FindAsync(string path)
    {
        var (status, body) = await SendAsync(HttpMethod.Get, path);
        return status is HttpStatusCode.NotFound ? null : Checked(HttpMethod.Get, path, status, body);
    }

    public async Task<JsonObject> GetAsync(string path) =>
        await FindAsync(path) ?? throw new InvalidOperationException($"{path} does not exist");

    /// <summary>The status that a path is answered with; null: there was no answer.</summary>
    public async Task<HttpStatusCode?> StatusOfAsync(string path) => (await TryGetAsync(path)).Status;

    /// <summary>The same with the body.</summary>
    public async Task<(HttpStatusCode? Status, string Body)> TryGetAsync(string path)
    {
        try
        {
            return await SendAsync(HttpMethod.Get, path);
        }
        catch (HttpRequestException)
        {
            return (null, "");
        }
    }

    public Task<JsonObject> CreateAsync(string collection, JsonObject body) => ChangeAsync(HttpMethod.Post, collection, body);

    public Task<JsonObject> CreateNamespaceAsync(string name, params (string Name, string Value)[] labels) =>
        CreateAsync("api/v1/namespaces", new JsonObject
        {
            ["apiVersion"] = "v1",
            ["kind"] = "Namespace",
            ["metadata"] = new JsonObject
            {
                ["name"] = name,
                ["labels"] = new JsonObject(labels.Select(label => KeyValuePair.Create(label.Name, (JsonNode?)label.Value))),
            },
        });

    public Task<JsonObject> CreateFromYamlAsync(string collection, string yaml) =>
        ChangeAsync(HttpMethod.Post, collection, yaml, "application/yaml");

    public Task<JsonObject> MergeAsync(string path, JsonObject patch) =>
        ChangeAsync(HttpMethod.Patch, path, patch, "application/merge-patch+json");

    /// <summary>Server-side apply, as an operator's tool does it.</summary>
    public Task<JsonObject> ApplyAsync(string path, JsonObject body) => ChangeAsync(
        HttpMethod.Patch, $"{path}?fieldManager=operator&force=true", body, "application/apply-patch+yaml");

    /// <summary>A write that may be refused: its status and answer.</summary>
    public Task<(HttpStatusCode Status, string Body)> TryChangeAsync(HttpMethod method, string path, JsonObject body, string contentType) =>
        SendAsync(method, path, body.ToJsonString(), contentType);

    /// <summary>Deletes; gone already is fine.</summary>
    public async Task DeleteAsync(string path)
    {
        var (status, body) = await SendAsync(HttpMethod.Delete, path);
        if (status is not HttpStatusCode.NotFound) Checked(HttpMethod.Delete, path, status, body);
    }

    /// <summary>Waits until the object of a collection (null: there is none) is as wanted; woken by a watch.</summary>
    public async Task<JsonObject?> WaitForAsync(string collection, string name, Func<JsonObject?, bool> isAsWanted)
    {
        using var limit = new CancellationTokenSource(Patience);
        var selector = $"fieldSelector={Uri.EscapeDataString($"metadata.name={name}")}";
        JsonObject? last = null;
        try
        {
            while (true)
            {
                var list = await GetAsync($"{collection}?{selector}");
                last = list["items"]!.AsArray().FirstOrDefault()?.DeepClone().AsObject();
                if (isAsWanted(last)) return last;
                var version = (string)list["metadata"]!["resourceVersion"]!;
                using var events = await OpenWatchAsync($"{collection}?{selector}&watch=1&resourceVersion={version}", limit.Token);
                while (await events.ReadLineAsync(limit.Token) is { } line)
                {
                    var change = JsonNode.Parse(line)!;
                    if ((string?)change["type"] == "ERROR") break;
                    last = (string?)change["type"] == "DELETED" ? null : change["object"]!.DeepClone().AsObject();
                    if (isAsWanted(last)) return last;
                }
            }
        }
        catch (OperationCanceledException)
        {
            throw new TimeoutException($"{collection}/{name} did not become as wanted within {Patience}; it is {last?.ToJsonString() ?? "gone"}");
        }
    }

    /// <summary>Waits until some object of a collection is as wanted.</summary>
    public async Task<JsonObject> WaitForAnyAsync(string collection, Func<JsonObject, bool> isAsWanted)
    {
        using var limit = new CancellationTokenSource(Patience);
        try
        {
            var list = await GetAsync(collection);
            var found = list["items"]!.AsArray().Select(item => item!.AsObject()).FirstOrDefault(isAsWanted);
            if (found is not null) return found;
            var version = (string)list["metadata"]!["resourceVersion"]!;
            using var events = await OpenWatchAsync($"{collection}?watch=1&resourceVersion={version}", limit.Token);
            while (await events.ReadLineAsync(limit.Token) is { } line)
            {
                var changed = JsonNode.Parse(line)!["object"]!.AsObject();
                if (isAsWanted(changed)) return changed;
            }
            throw new InvalidOperationException($"the watch of {collection} ended");
        }
        catch (OperationCanceledException)
        {
            throw new TimeoutException($"nothing in {collection} became as wanted within {Patience}");
        }
    }

    /// <summary>Hands on what comes and changes in a collection from now on.</summary>
    /// <returns>Follows until cancelled.</returns>
    public async Task<Task> FollowAsync(string collection, Action<JsonObject> seen, CancellationToken cancellationToken)
    {
        var version = (string)(await GetAsync(collection))["metadata"]!["resourceVersion"]!;
        var events = await OpenWatchAsync($"{collection}?watch=1&resourceVersion={version}", cancellationToken);
        return ReadAsync();

        async Task ReadAsync()
        {
            using (events)
            {
                while (await events.ReadLineAsync(cancellationToken) is { } line) seen(JsonNode.Parse(line)!["object"]!.AsObject());
            }
            throw new InvalidOperationException($"the watch of {collection} ended");
        }
    }

    public void Dispose() => _client.Dispose();

    private async Task<StreamReader> OpenWatchAsync(string path, CancellationToken cancellationToken)
    {
        using var request = await RequestAsync(HttpMethod.Get, path);
        var response = await _client.HttpClient.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        response.EnsureSuccessStatusCode();
        return new StreamReader(await response.Content.ReadAsStreamAsync(cancellationToken));
    }

    private Task<JsonObject> ChangeAsync(
        HttpMethod method, string path, JsonObject body, string contentType = "application/json") =>
        ChangeAsync(method, path, body.ToJsonString(), contentType);

    private async Task<JsonObject> ChangeAsync(HttpMethod method, string path, string body, string contentType)
    {
        var (status, answer) = await SendAsync(method, path, body, contentType);
        return Checked(method, path, status, answer);
    }

    private static JsonObject Checked(HttpMethod method, string path, HttpStatusCode status, string body) =>
        (int)status < 300
            ? JsonNode.Parse(body)!.AsObject()
            : throw new InvalidOperationException($"{method} {path}: {(int)status} {body}");

    private async Task<(HttpStatusCode Status, string Body)> SendAsync(
        HttpMethod method, string path, string? body = null, string contentType = "application/json")
    {
        using var request = await RequestAsync(method, path);
        if (body is not null)
        {
            request.Content = new StringContent(body, Encoding.UTF8);
            request.Content.Headers.ContentType = new MediaTypeHeaderValue(contentType);
        }
        using var response = await _client.HttpClient.SendAsync(request);
        return (response.StatusCode, await response.Content.ReadAsStringAsync());
    }

    private async Task<HttpRequestMessage> RequestAsync(HttpMethod method, string path)
    {
        var request = new HttpRequestMessage(method, new Uri(_client.BaseUri, path));
        if (_client.Credentials is { } credentials) await credentials.ProcessHttpRequestAsync(request, default);
        return request;
    }
}
