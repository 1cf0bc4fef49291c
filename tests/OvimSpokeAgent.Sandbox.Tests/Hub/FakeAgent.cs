using System.Net;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using KubernetesSandbox;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace OvimSpokeAgent.Sandbox.Tests.Hub;

/// <summary>An agent's endpoint for pushes that answers as it is told.</summary>
internal sealed class FakeAgent : IAsyncDisposable
{
    private readonly Channel<Push> _pushes = Channel.CreateUnbounded<Push>();
    private readonly WebApplication _app;

    private FakeAgent(int status)
    {
        _app = LoopbackServer.CreateBuilder(kestrel => kestrel.Listen(IPAddress.Loopback, 0)).Build();
        _app.MapGet("/health", context =>
        {
            context.Response.StatusCode = HealthStatus;
            return Task.CompletedTask;
        });
        _app.MapPost("/operations", async context =>
        {
            var body = (await JsonNode.ParseAsync(context.Request.Body))!.AsObject();
            context.Response.StatusCode = status;
            await context.Response.CompleteAsync();
            await _pushes.Writer.WriteAsync(new Push(
                body, Header(context, "X-Operation-ID"), Header(context, "Authorization")));
        });
    }

    /// <summary>What was pushed.</summary>
    public sealed record Push(JsonObject Body, string? OperationIdHeader, string? Authorization);

    public int HealthStatus { get; set; } = 200;

    public Uri Url => new(_app.Urls.Single());

    public static async Task<FakeAgent> StartAsync(int status)
    {
        var agent = new FakeAgent(status);
        await agent._app.StartAsync();
        return agent;
    }

    /// <summary>The next push; waits for it.</summary>
    public Task<Push> PushedAsync() => _pushes.Reader.ReadAsync().AsTask();

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private static string? Header(HttpContext context, string name) =>
        context.Request.Headers[name].ToString() is { Length: > 0 } value ? value : null;
}
