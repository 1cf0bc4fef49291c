using System.Collections.Concurrent;

namespace OvimSpokeAgent.EndToEnd.Tests.Harness;

/// <summary>The requests that passed, as "METHOD /path?query", in their order.</summary>
internal sealed class RequestLog
{
    private readonly ConcurrentQueue<string> _requests = new();

    public IReadOnlyList<string> All => [.. _requests];

    public void Add(string request) => _requests.Enqueue(request);
}

/// <summary>Notes what passes on the way to the API server.</summary>
internal sealed class RequestLogHandler(RequestLog log) : DelegatingHandler
{
    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        log.Add($"{request.Method} {request.RequestUri!.PathAndQuery}");
        return base.SendAsync(request, cancellationToken);
    }
}
