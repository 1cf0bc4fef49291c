using System.Net;
using Microsoft.AspNetCore.Http;

namespace OvimSpokeAgent.Sandbox.Hub;

/// <summary>
/// Keeps other web pages in a person's browser off what operators may do: a request must name this machine as its host (a page's own name
/// can be made to lead here), and come from no page, or from the hub's own.
/// </summary>
internal static class OperatorGuard
{
    /// <summary>What people and tools ask for: the page, the index, and what is below <c>/sandbox</c>.</summary>
    public static bool IsForOperators(PathString path) => path == "/" || path.StartsWithSegments("/sandbox", StringComparison.OrdinalIgnoreCase);

    public static Task InvokeAsync(HttpContext context, RequestDelegate next)
    {
        var request = context.Request;
        if (!IsForOperators(request.Path)) return next(context);
        if (!IsHere(request.Host.Host))
        {
            return AgentEndpoints.ErrorAsync(
                context, StatusCodes.Status403Forbidden, $"Host: \"{request.Host}\" is not taken, expected localhost or an IP address");
        }
        var own = $"{request.Scheme}://{request.Host}";
        return request.Headers.Origin is { Count: > 0 } origin && origin != own
            ? AgentEndpoints.ErrorAsync(context, StatusCodes.Status403Forbidden, $"Origin: \"{origin}\" is not taken, expected {own} or none")
            : next(context);
    }

    private static bool IsHere(string host) =>
        host.Equals("localhost", StringComparison.OrdinalIgnoreCase) || IPAddress.TryParse(host.Trim('[', ']'), out _);
}
