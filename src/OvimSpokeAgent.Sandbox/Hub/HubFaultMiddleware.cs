using System.Globalization;
using Microsoft.AspNetCore.Http;

namespace OvimSpokeAgent.Sandbox.Hub;

/// <summary>Lets faults happen to the requests of agents; those of operators are left alone.</summary>
internal static class HubFaultMiddleware
{
    public static async Task InvokeAsync(HttpContext context, RequestDelegate next, HubFaults faults)
    {
        var path = context.Request.Path.Value ?? "";
        var fault = OperatorGuard.IsForOperators(context.Request.Path) ? null : faults.Take(context.Request.Method, path);
        switch (fault?.Kind)
        {
            case null:
                await next(context);
                break;
            case HubFaultKind.Status:
                await AnswerAsync(context, fault);
                break;
            case HubFaultKind.StatusAfter:
                await RunBufferedAsync(context, next);
                await AnswerAsync(context, fault);
                break;
            case HubFaultKind.DropBefore:
                context.Abort();
                break;
            case HubFaultKind.DropAfter:
                await RunBufferedAsync(context, next);
                context.Abort();
                break;
            case HubFaultKind.CutAnswer:
                await CutAsync(context, next, fault.CutAt);
                break;
            case HubFaultKind.Delay:
                await Task.Delay(TimeSpan.FromMilliseconds(fault.DelayMs), TimeProvider.System, context.RequestAborted);
                await next(context);
                break;
        }
    }

    private static Task AnswerAsync(HttpContext context, HubFault fault)
    {
        context.Response.StatusCode = fault.StatusCode;
        context.Response.ContentType = fault.ContentType;
        if (fault.RetryAfterSeconds is { } seconds)
            context.Response.Headers.RetryAfter = seconds.ToString(CultureInfo.InvariantCulture);
        return context.Response.WriteAsync(fault.Body);
    }

    private static async Task CutAsync(HttpContext context, RequestDelegate next, double at)
    {
        var answer = await RunBufferedAsync(context, next);
        context.Response.ContentLength = answer.Length;
        await context.Response.Body.WriteAsync(answer.AsMemory(0, (int)(answer.Length * at)));
        // Ends short of its length: the server closes the connection behind it. An abort would take back what is on the way.
    }

    private static async Task<byte[]> RunBufferedAsync(HttpContext context, RequestDelegate next)
    {
        var wire = context.Response.Body;
        using var buffer = new MemoryStream();
        context.Response.Body = buffer;
        await next(context);
        context.Response.Body = wire;
        return buffer.ToArray();
    }
}
