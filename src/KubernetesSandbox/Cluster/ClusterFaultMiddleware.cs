using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace KubernetesSandbox.Cluster;

/// <summary>Lets faults happen to requests.</summary>
internal static class ClusterFaultMiddleware
{
    public static async Task InvokeAsync(
        HttpContext http, ClusterRequest request, ClusterSeams seams, Func<Task> next)
    {
        var fault = seams.Faults.Take(request);
        switch (fault?.Kind)
        {
            case null:
                await next();
                break;
            case ClusterFaultKind.Status:
                await Answers.ErrorAsync(http, ToError(fault));
                break;
            case ClusterFaultKind.DropBefore:
                http.Abort();
                break;
            case ClusterFaultKind.DropAfter:
                await DropAfterAsync(http, request, next);
                break;
            case ClusterFaultKind.Delay:
                await Task.Delay(TimeSpan.FromMilliseconds(fault.DelayMs), seams.Time, http.RequestAborted);
                await next();
                break;
            case ClusterFaultKind.Freeze:
                await FreezeAsync(http, request, seams.Stopping);
                break;
        }
    }

    private static ApiException ToError(ClusterFault fault)
    {
        var details = fault.RetryAfterSeconds is { } seconds ? new JsonObject { ["retryAfterSeconds"] = seconds } : null;
        var reason = fault.Reason ?? fault.StatusCode switch
        {
            400 => "BadRequest",
            401 => "Unauthorized",
            403 => "Forbidden",
            404 => "NotFound",
            409 => "Conflict",
            410 => "Expired",
            422 => "Invalid",
            429 => "TooManyRequests",
            500 => "InternalError",
            503 => "ServiceUnavailable",
            504 => "Timeout",
            _ => null,
        };
        return new ApiException(fault.StatusCode, reason, fault.Message, details);
    }

    private static async Task DropAfterAsync(HttpContext http, ClusterRequest request, Func<Task> next)
    {
        if (!request.IsWatch)
        {
            http.Response.Body = Stream.Null;
            await next();
        }
        http.Abort();
    }

    private static async Task FreezeAsync(HttpContext http, ClusterRequest request, CancellationToken stopping)
    {
        if (request.IsWatch)
        {
            http.Response.ContentType = "application/json";
            await http.Response.Body.FlushAsync(http.RequestAborted);
        }
        using var end = CancellationTokenSource.CreateLinkedTokenSource(stopping, http.RequestAborted);
        await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, end.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }
}
