using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.HttpOverrides;
using OvimSpokeAgent.Configuration;
using OvimSpokeAgent.Contract;
using OvimSpokeAgent.Operations;
using OvimSpokeAgent.Tls;
using IPNetwork = System.Net.IPNetwork;

namespace OvimSpokeAgent.Hub;

/// <summary>What the hub asks of the agent: to take an operation, and its status report.</summary>
internal static class PushEndpoints
{
    private const int MaxBodyBytes = 1 << 20;

    // What is too large is read to its end, up to this: a sender that is cut off while it sends sees a broken connection
    // instead of the answer.
    private const int MaxReadBytes = 8 << 20;

    /// <summary>
    /// <c>POST /operations</c>: 202 when the operation is stored, 503 when it cannot be (the hub keeps it), 400 what is no
    /// operation. <c>GET /status</c>: the report. Only where pushes can prove themselves, or some addresses need not (these
    /// only push); 401 or 403 for others. Whatever may pass is 503: there are hubs that lose an operation with other answers.
    /// </summary>
    public static void MapPush(this WebApplication app)
    {
        var push = app.Services.GetRequiredService<AgentSettings>().Push;
        app.Services.GetRequiredService<HubMetrics>().IsPushUnproven = push.AllowsUnproven;
        if (push.TrustedProxies.Count > 0) app.UseForwardedHeaders(ForwardedBy(push.TrustedProxies));
        if (push.CanBeProven || push.AllowsUnproven)
            app.MapPost("/operations", context => GuardedAsync(context, (gate, sender) => gate.CheckPush(sender), TakeOperationAsync));
        if (push.CanBeProven)
            app.MapGet("/status", context => GuardedAsync(context, (gate, sender) => gate.CheckStatusRequest(sender), WriteStatusAsync));
    }

    // As far as they are trusted, from the last proxy on: an address that one of them did not write says nothing.
    private static ForwardedHeadersOptions ForwardedBy(IReadOnlyList<IPNetwork> proxies)
    {
        var options = new ForwardedHeadersOptions { ForwardedHeaders = ForwardedHeaders.XForwardedFor, ForwardLimit = null };
        options.KnownProxies.Clear();
        options.KnownIPNetworks.Clear();
        foreach (var proxy in proxies) options.KnownIPNetworks.Add(proxy);
        return options;
    }

    private static async Task GuardedAsync(
        HttpContext context, Func<PushGate, PushSender, PushOutcome> judge, Func<HttpContext, Task<PushOutcome>> handle)
    {
        var gate = context.RequestServices.GetRequiredService<PushGate>();
        var outcome = judge(gate, new PushSender(
            context.Request.Headers.Authorization,
            context.Connection.ClientCertificate,
            context.Features.Get<ClientIntermediates>(),
            context.Connection.RemoteIpAddress));
        if (outcome is PushOutcome.Unauthorized)
        {
            await RefuseUnauthenticatedAsync(context);
        }
        else if (outcome is PushOutcome.Limited)
        {
            context.Response.Headers.RetryAfter = "1";
            await RefuseAsync(context, StatusCodes.Status503ServiceUnavailable, "too many requests");
        }
        else
        {
            outcome = await handle(context);
        }
        gate.Count(outcome);
    }

    private static Task RefuseUnauthenticatedAsync(HttpContext context)
    {
        if (!context.RequestServices.GetRequiredService<AgentSettings>().Push.CanBeProven)
        {
            return RefuseAsync(
                context, StatusCodes.Status403Forbidden, $"operations are not accepted from {context.Connection.RemoteIpAddress}");
        }
        context.Response.Headers.WWWAuthenticate = "Bearer";
        return RefuseAsync(context, StatusCodes.Status401Unauthorized, "a valid bearer token or client certificate is needed");
    }

    private static async Task<PushOutcome> TakeOperationAsync(HttpContext context)
    {
        var gate = context.RequestServices.GetRequiredService<PushGate>();
        var size = (int)Math.Min(context.Request.ContentLength ?? MaxBodyBytes, MaxBodyBytes);
        if (!gate.TryHold(size))
        {
            context.Response.Headers.RetryAfter = "1";
            await RefuseAsync(context, StatusCodes.Status503ServiceUnavailable, "too many operations at once");
            return PushOutcome.NotNow;
        }
        try
        {
            return await TakeOperationHeldAsync(context);
        }
        finally
        {
            gate.Release(size);
        }
    }

    private static async Task<PushOutcome> TakeOperationHeldAsync(HttpContext context)
    {
        var (body, status) = await ReadAsync(context);
        if (body is null)
        {
            if (status is { } refusal) await RefuseAsync(context, refusal, $"expected one operation as JSON, not compressed, at most {MaxBodyBytes >> 20} MiB");
            return PushOutcome.Refused;
        }
        if (PushedOperation.Find(body, out var wrong) is not { } operation)
        {
            await RefuseAsync(context, StatusCodes.Status400BadRequest, wrong);
            return PushOutcome.Refused;
        }
        var intake = context.RequestServices.GetRequiredService<IOperationIntake>();
        var (outcome, problem) = await intake.AcceptPushedAsync(operation, context.RequestAborted);
        switch (outcome)
        {
            case IntakeOutcome.Stored:
                context.Response.StatusCode = StatusCodes.Status202Accepted;
                await WriteAsync(context, writer => writer.WriteString("status", "accepted"));
                return PushOutcome.Accepted;
            case IntakeOutcome.Invalid:
                await RefuseAsync(context, StatusCodes.Status400BadRequest, problem!);
                return PushOutcome.Refused;
            default:
                await RefuseAsync(context, StatusCodes.Status503ServiceUnavailable, problem!);
                return PushOutcome.NotNow;
        }
    }

    // No body: not that of one operation, with the status to answer; neither: nobody is there any more.
    private static async Task<(byte[]? Body, int? Status)> ReadAsync(HttpContext context)
    {
        if (context.Request.Headers.ContentEncoding.Count > 0) return (null, StatusCodes.Status415UnsupportedMediaType);
        context.Features.GetRequiredFeature<IHttpMaxRequestBodySizeFeature>().MaxRequestBodySize = MaxReadBytes;
        try
        {
            using var body = new MemoryStream();
            var (buffer, length) = (new byte[16 << 10], 0);
            while (await context.Request.Body.ReadAsync(buffer, context.RequestAborted) is > 0 and var read)
            {
                length += read;
                if (length <= MaxBodyBytes) body.Write(buffer, 0, read);
            }
            return length <= MaxBodyBytes ? (body.ToArray(), null) : (null, StatusCodes.Status413PayloadTooLarge);
        }
        catch (BadHttpRequestException e)
        {
            // Too large; or too slow, which may pass.
            return (null, e.StatusCode is StatusCodes.Status408RequestTimeout ? StatusCodes.Status503ServiceUnavailable : e.StatusCode);
        }
        catch (IOException)
        {
            return (null, null); // broken off
        }
    }

    private static async Task<PushOutcome> WriteStatusAsync(HttpContext context)
    {
        var reports = context.RequestServices.GetRequiredService<IReportSource>();
        await reports.WaitUntilMeaningfulAsync(context.RequestAborted);
        context.Response.ContentType = "application/json; charset=utf-8";
        await JsonSerializer.SerializeAsync(
            context.Response.Body,
            reports.Compose(),
            ContractJson.Default.StatusReport,
            context.RequestAborted);
        return PushOutcome.Asked;
    }

    private static Task RefuseAsync(HttpContext context, int status, string error)
    {
        context.Response.StatusCode = status;
        return WriteAsync(context, writer => writer.WriteString("error", error));
    }

    private static async Task WriteAsync(HttpContext context, Action<Utf8JsonWriter> content)
    {
        context.Response.ContentType = "application/json; charset=utf-8";
        using var json = new MemoryStream();
        await using (var writer = new Utf8JsonWriter(json))
        {
            writer.WriteStartObject();
            content(writer);
            writer.WriteEndObject();
        }
        await context.Response.Body.WriteAsync(json.ToArray(), context.RequestAborted);
    }
}
