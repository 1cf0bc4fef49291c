using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using OvimSpokeAgent.Supervision;

namespace OvimSpokeAgent.Health;

/// <summary>What the kubelet, the hub and operators ask.</summary>
internal static class HealthEndpoints
{
    // HEAD too: load balancers and monitors ask for no more.
    private static readonly string[] Reads = [HttpMethods.Get, HttpMethods.Head];

    /// <summary>
    /// <c>/health/live</c>: 200 while the loops turn, else 503. <c>/health/ready</c>: 200 when the caches are synced and the agent does
    /// not stop, else 503. <c>/health/status</c>: the whole document. <c>/health</c>: as
    /// <c>/health/live</c>, for the hub.
    /// </summary>
    public static void MapHealth(this IEndpointRouteBuilder endpoints)
    {
        endpoints.MapMethods("/health", Reads, WriteAlive);
        endpoints.MapMethods("/health/live", Reads, WriteAlive);
        endpoints.MapMethods("/health/ready", Reads, WriteReady);
        endpoints.MapMethods("/health/status", Reads, WriteStatus);
    }

    private static Task WriteAlive(HttpContext context)
    {
        var fatal = context.RequestServices.GetRequiredService<LoopsCheck>().Fatal;
        if (fatal.Count == 0) return context.Response.WriteAsync("alive\n");
        context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
        return context.Response.WriteAsync("not alive\n" + string.Concat(fatal.Select(reason => reason + "\n")));
    }

    private static Task WriteReady(HttpContext context)
    {
        var reporter = Reporter(context);
        var document = reporter.Check();
        if (document.Ready) return context.Response.WriteAsync("ready\n");
        context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
        var reasons = document.Components
            .Where(component => component.Value.Status is HealthStatus.Unhealthy)
            .Select(component => $"{component.Key}: {component.Value.Message}\n");
        if (reporter.IsStopping) reasons = reasons.Prepend("the agent stops\n");
        return context.Response.WriteAsync("not ready\n" + string.Concat(reasons));
    }

    private static Task WriteStatus(HttpContext context)
    {
        context.Response.ContentType = "application/json; charset=utf-8";
        return JsonSerializer.SerializeAsync(
            context.Response.Body, Reporter(context).Check(), HealthJson.Default.HealthDocument, context.RequestAborted);
    }

    private static HealthReporter Reporter(HttpContext context) =>
        context.RequestServices.GetRequiredService<HealthReporter>();
}
