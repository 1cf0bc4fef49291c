using System.Net;

namespace OvimSpokeAgent.Hub;

/// <summary>The hub did not do what it was asked for.</summary>
internal sealed class HubException(string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>What the hub answered; null: nothing.</summary>
    public HttpStatusCode? Status { get; init; }

    /// <summary>The hub may have got the request, and so may have done what it says.</summary>
    public bool WasSent { get; init; }

    /// <summary>
    /// The same request can never succeed: a 4xx that speaks of the request itself, not of credentials, of the way to the
    /// hub or of time (401, 403, 404, 405, 407, 408, 429).
    /// </summary>
    public bool IsPermanent =>
        Status is >= HttpStatusCode.BadRequest and < HttpStatusCode.InternalServerError
            and not (HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden or HttpStatusCode.NotFound
                or HttpStatusCode.MethodNotAllowed or HttpStatusCode.ProxyAuthenticationRequired
                or HttpStatusCode.RequestTimeout or HttpStatusCode.TooManyRequests);
}
