using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using k8s;

namespace OvimSpokeAgent.Benchmarks.CreateVm;

/// <summary>
/// What the API server can do at best: the writes that the agent made, made again in another workplace by a client that
/// has nothing else to do. All bodies are there before the clock starts; writes to one object follow one another.
/// </summary>
internal sealed class RawWrites : IDisposable
{
    private readonly Workplace _from;
    private readonly Workplace _to;
    private readonly Kubernetes _client;

    public RawWrites(Workplace from, Workplace to)
    {
        (_from, _to) = (from, to);
        var config = KubernetesClientConfiguration.BuildConfigFromConfigFile(to.Kubeconfig);
        config.FirstMessageHandlerSetup = handler => handler.EnableMultipleHttp2Connections = true;
        _client = new Kubernetes(config);
    }

    /// <summary>Makes the writes again.</summary>
    /// <param name="writes">The writes, those to one object in their order.</param>
    /// <param name="atOnce">How many are under way at once.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>How long it took.</returns>
    /// <exception cref="BenchmarkException">One was refused.</exception>
    public async Task<TimeSpan> RepeatAsync(
        IEnumerable<RecordedWrite> writes, int atOnce, CancellationToken cancellationToken)
    {
        var objects = new ConcurrentQueue<Write[]>(writes.Select(Prepare).GroupBy(write => write.Object).Select(group => group.ToArray()));
        var started = Stopwatch.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, atOnce).Select(_ => WorkAsync(objects, cancellationToken)));
        return Stopwatch.GetElapsedTime(started);
    }

    public void Dispose() => _client.Dispose();

    private async Task WorkAsync(ConcurrentQueue<Write[]> objects, CancellationToken cancellationToken)
    {
        while (objects.TryDequeue(out var writes))
        {
            foreach (var write in writes) await SendAsync(write, cancellationToken);
        }
    }

    private async Task SendAsync(Write write, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(write.Method, write.Uri) { Version = HttpVersion.Version20 };
        if (write.ContentType is { } type)
            request.Content = new ByteArrayContent(write.Body) { Headers = { ContentType = new MediaTypeHeaderValue(type) } };
        if (_client.Credentials is { } credentials) await credentials.ProcessHttpRequestAsync(request, cancellationToken);
        using var response = await _client.HttpClient.SendAsync(request, cancellationToken);
        if (!response.IsSuccessStatusCode)
        {
            var answer = await response.Content.ReadAsStringAsync(cancellationToken);
            throw new BenchmarkException($"{write.Method} {write.Uri}: {(int)response.StatusCode} {answer}");
        }
    }

    private Write Prepare(RecordedWrite recorded)
    {
        var path = _from.MovedTo(_to, recorded.Path);
        var text = _from.MovedTo(_to, Encoding.UTF8.GetString(recorded.Body));
        var key = path.Split('?')[0];
        if (recorded.Body.Length > 0)
        {
            var body = JsonNode.Parse(text)!.AsObject();
            if (recorded.Method == HttpMethod.Post) key += $"/{(string?)body["metadata"]?["name"]}";
            // The version of the object that it was.
            if (body["metadata"] is JsonObject metadata) metadata.Remove("resourceVersion");
            text = body.ToJsonString();
        }
        return new Write(key, recorded.Method, new Uri(_client.BaseUri, path), recorded.ContentType, Encoding.UTF8.GetBytes(text));
    }

    private sealed record Write(string Object, HttpMethod Method, Uri Uri, string? ContentType, byte[] Body);
}
