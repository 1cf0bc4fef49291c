using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Threading.Channels;
using k8s.Authentication;

namespace OvimSpokeAgent.Tests.Cluster;

/// <summary>Answers HTTP requests in the place of a server, and remembers them.</summary>
internal sealed class StubServer
{
    private readonly ConcurrentQueue<string> _requests = [];
    private Func<HttpRequestMessage, CancellationToken, Task<HttpResponseMessage>> _answer =
        (_, _) => throw new InvalidOperationException("no answer is set");

    /// <summary>Method, path and query, content type and body of each request.</summary>
    public IReadOnlyList<string> Requests => [.. _requests];

    public string? Accept { get; private set; }

    public string? UserAgent { get; private set; }

    public string? Authorization { get; private set; }

    /// <summary>The headers of the last request.</summary>
    public HttpRequestHeaders? Headers { get; private set; }

    /// <summary>The one request that was made.</summary>
    public string Single() => Assert.Single(Requests);

    /// <summary>A handler for one client.</summary>
    public DelegatingHandler NewHandler() => new Handler(this);

    public void Answers(int status, string body, Action<HttpResponseMessage>? change = null) => Handles(_ =>
    {
        var response = new HttpResponseMessage((HttpStatusCode)status) { Content = new StringContent(body) };
        change?.Invoke(response);
        return response;
    });

    public void Handles(Func<HttpRequestMessage, CancellationToken, Task<HttpResponseMessage>> answer) => _answer = answer;

    public void Handles(Func<HttpRequestMessage, HttpResponseMessage> answer) =>
        _answer = (request, _) => Task.FromResult(answer(request));

    /// <summary>Takes requests and never answers them.</summary>
    public void NeverAnswers() => _answer = async (_, cancellationToken) =>
    {
        await Task.Delay(Timeout.InfiniteTimeSpan, cancellationToken);
        throw new InvalidOperationException("an endless wait ended");
    };

    private sealed class Handler(StubServer server) : DelegatingHandler
    {
        protected override async Task<HttpResponseMessage> SendAsync(
            HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var body = request.Content is { } content
                ? $" {content.Headers.ContentType} {await content.ReadAsStringAsync(cancellationToken)}"
                : "";
            server._requests.Enqueue($"{request.Method} {request.RequestUri!.PathAndQuery}{body}");
            server.Headers = request.Headers;
            server.Accept = request.Headers.Accept.ToString();
            server.UserAgent = request.Headers.UserAgent.ToString();
            server.Authorization = request.Headers.Authorization?.ToString();
            return await server._answer(request, cancellationToken);
        }
    }
}

/// <summary>A stream that breaks after its text.</summary>
internal sealed class BreakingStream(string text) : ReadOnlyStream
{
    private bool _sent;

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (_sent) throw new IOException("connection reset by peer");
        _sent = true;
        return ValueTask.FromResult(Encoding.UTF8.GetBytes(text, buffer.Span));
    }
}

/// <summary>A stream that waits for what a test sends.</summary>
internal sealed class HeldStream : ReadOnlyStream
{
    private readonly Channel<byte[]> _sent = Channel.CreateUnbounded<byte[]>();

    public void Send(string text) => Assert.True(_sent.Writer.TryWrite(Encoding.UTF8.GetBytes(text)));

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var bytes = await _sent.Reader.ReadAsync(cancellationToken);
        bytes.CopyTo(buffer);
        return bytes.Length;
    }
}

/// <summary>A token, or a file that is read for it.</summary>
internal sealed class TestTokens(string? token, string file = "/no/such/file") : ITokenProvider
{
    public async Task<AuthenticationHeaderValue> GetAuthenticationHeaderAsync(CancellationToken cancellationToken) =>
        new("Bearer", token ?? await File.ReadAllTextAsync(file, cancellationToken));
}
