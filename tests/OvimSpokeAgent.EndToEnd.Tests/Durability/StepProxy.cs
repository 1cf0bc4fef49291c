using System.Diagnostics.CodeAnalysis;
using System.Net;
using KubernetesSandbox;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace OvimSpokeAgent.EndToEnd.Tests.Durability;

/// <summary>Stands between the agent and a server, so that a crash can come between a request's effect and its answer.</summary>
internal sealed class StepProxy : IAsyncDisposable
{
    private static readonly string[] OfTheConnection = ["Connection", "Transfer-Encoding", "Host"];

    private readonly WebApplication _app;
    private readonly HttpMessageInvoker _server;

    private StepProxy(WebApplication app, HttpMessageInvoker server) => (_app, _server) = (app, server);

    /// <summary>Where the agent finds it.</summary>
    public Uri Url { get; private set; } = new("http://localhost");

    [SuppressMessage("Security", "CA5359", Justification = "The test's own server, on loopback.")]
    public static async Task<StepProxy> StartAsync(Uri server, CrashPoint crash)
    {
        var app = LoopbackServer.CreateBuilder(kestrel =>
        {
            kestrel.Listen(IPAddress.Loopback, 0);
            kestrel.Limits.MaxRequestBodySize = null;
        }).Build();
        var proxy = new StepProxy(app, new HttpMessageInvoker(new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            SslOptions = { RemoteCertificateValidationCallback = (_, _, _, _) => true },
        }));
        app.Run(context => proxy.ForwardAsync(context, server, crash));
        await app.StartAsync();
        proxy.Url = LoopbackServer.UrlOf(app);
        return proxy;
    }

    public async ValueTask DisposeAsync()
    {
        using var soon = new CancellationTokenSource(TimeSpan.FromSeconds(2));
        await _app.StopAsync(soon.Token);
        await _app.DisposeAsync();
        _server.Dispose();
    }

    private async Task ForwardAsync(HttpContext context, Uri server, CrashPoint crash)
    {
        try
        {
            using var request = RequestTo(server, context.Request);
            var isLast = crash.IsLast(context.Request);
            // The last one takes effect, whatever becomes of the agent.
            using var answer = await _server.SendAsync(request, isLast ? CancellationToken.None : context.RequestAborted);
            if (isLast)
            {
                crash.Strike();
                context.Abort();
                return;
            }
            await AnswerAsync(context, answer);
        }
        catch (Exception e) when (context.RequestAborted.IsCancellationRequested && e is OperationCanceledException or IOException)
        {
            // The agent is gone, or has seen enough of a watch.
        }
    }

    private static HttpRequestMessage RequestTo(Uri server, HttpRequest incoming)
    {
        var request = new HttpRequestMessage(
            new HttpMethod(incoming.Method), new Uri(server, incoming.Path.ToUriComponent() + incoming.QueryString));
        if (!HttpMethods.IsGet(incoming.Method)) request.Content = new StreamContent(incoming.Body);
        foreach (var (name, values) in incoming.Headers)
        {
            if (OfTheConnection.Contains(name, StringComparer.OrdinalIgnoreCase)) continue;
            if (!request.Headers.TryAddWithoutValidation(name, (IEnumerable<string?>)values))
                request.Content?.Headers.TryAddWithoutValidation(name, (IEnumerable<string?>)values);
        }
        return request;
    }

    private static async Task AnswerAsync(HttpContext context, HttpResponseMessage answer)
    {
        context.Response.StatusCode = (int)answer.StatusCode;
        foreach (var (name, values) in answer.Headers.Concat(answer.Content.Headers))
        {
            if (!OfTheConnection.Contains(name, StringComparer.OrdinalIgnoreCase)) context.Response.Headers[name] = values.ToArray();
        }
        await using var body = await answer.Content.ReadAsStreamAsync(context.RequestAborted);
        var buffer = new byte[32 << 10];
        int read;
        while ((read = await body.ReadAsync(buffer, context.RequestAborted)) > 0)
        {
            await context.Response.Body.WriteAsync(buffer.AsMemory(0, read), context.RequestAborted);
            await context.Response.Body.FlushAsync(context.RequestAborted); // a watch hands on what comes
        }
    }
}
