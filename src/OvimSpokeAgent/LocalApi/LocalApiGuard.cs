using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace OvimSpokeAgent.LocalApi;

/// <summary>
/// Which requests are answered: what comes from this machine and means it. A page of another site in the operator's browser can send
/// requests to <c>localhost</c> too, or have its own name resolved to it (DNS rebinding): its name is in <c>Host</c> or <c>Origin</c>
/// then. Pure.
/// </summary>
internal static class LocalApiGuard
{
    private const string Json = "application/json";
    private const string FetchSite = "Sec-Fetch-Site";
    private const string FetchMode = "Sec-Fetch-Mode";
    private const string FetchDestination = "Sec-Fetch-Dest";

    private static readonly string[] Hosts = ["localhost", "127.0.0.1", "[::1]"];

    /// <summary>Why a request is refused, and with which status; null: it is not.</summary>
    /// <param name="request">The request.</param>
    /// <param name="from">Who sends it; null: not known, as in tests without a connection.</param>
    public static (int Status, string Reason)? Judge(HttpRequest request, IPAddress? from)
    {
        // A node's network may be set up to lead other machines' packets to a loopback address (CVE-2020-8558).
        if (from is not null && !IPAddress.IsLoopback(from)) return Forbidden("it is answered on the loopback addresses only");
        if (!Hosts.Contains(request.Host.Host, StringComparer.OrdinalIgnoreCase))
            return Forbidden($"Host: expected {string.Join(", ", Hosts)}, with any port");
        if (request.Headers.Origin.Count > 0 && !IsOwn(request.Headers.Origin, request.Host))
            return Forbidden("Origin: expected none, or that of the status page itself");
        if (!IsOwnFetch(request)) return Forbidden($"{FetchSite}: expected none or same-origin: another site's page must not reach it");
        // What a form can send without asking first is never JSON.
        return HttpMethods.IsPost(request.Method) && !IsJson(request)
            ? (StatusCodes.Status415UnsupportedMediaType, $"Content-Type: expected {Json}")
            : null;
    }

    private static (int Status, string Reason) Forbidden(string reason) => (StatusCodes.Status403Forbidden, reason);

    // This very origin: another program's page on this machine is another one.
    private static bool IsOwn(Microsoft.Extensions.Primitives.StringValues origins, HostString host) =>
        origins is [{ } origin] && string.Equals(origin, $"http://{host}", StringComparison.OrdinalIgnoreCase);

    // Browsers say who asks. A link on another page of this machine may lead here, e.g. from the sandbox's hub.
    private static bool IsOwnFetch(HttpRequest request) => request.Headers[FetchSite].ToString() switch
    {
        "" or "same-origin" or "none" => true,
        "same-site" => IsNavigation(request),
        // Of a site elsewhere, such as a wiki, the page alone, in a tab of its own: it shows nothing to who opened it.
        "cross-site" => IsNavigation(request) && request.Headers[FetchDestination] == "document" && request.Path == "/",
        _ => false,
    };

    private static bool IsNavigation(HttpRequest request) => HttpMethods.IsGet(request.Method) && request.Headers[FetchMode] == "navigate";

    private static bool IsJson(HttpRequest request) =>
        MediaTypeHeaderValue.TryParse(request.ContentType, out var type) && type.MediaType.Equals(Json, StringComparison.OrdinalIgnoreCase);
}
