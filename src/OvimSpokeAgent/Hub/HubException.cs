using System.Net;
using OvimSpokeAgent.Operations;
using OvimSpokeAgent.Supervision;

namespace OvimSpokeAgent.Hub;

/// <summary>The hub did not do what it was asked for.</summary>
internal sealed class HubException(string message, Exception? inner = null) : Exception(message, inner), IOutsideFailure
{
    /// <summary>What the hub answered; null: nothing.</summary>
    public HttpStatusCode? Status { get; init; }

    /// <summary>What the answer says, at most its first 4 KiB; empty where it says nothing.</summary>
    public string Answer { get; init; } = "";

    /// <summary>False: nothing was sent because the hub asked to be left alone, so nothing failed.</summary>
    public bool WasTried { get; init; } = true;

    /// <summary>The hub may have got the request, and so may have done what it says.</summary>
    public bool WasSent { get; init; }

    /// <summary>
    /// What the hub hands out once may have been handed out and not arrived: no answer came to a request that was sent; or
    /// something in front of the hub, or the hub itself, failed while it answered (5xx; 501, 505 and 511 are answered without
    /// doing anything); or the answer is a success of a kind that is not known (206), or none that ends a request (101). A
    /// request that is refused (3xx, 4xx), or for which a login page came, did nothing.
    /// </summary>
    public bool MayHaveLost => WasSent && Status switch
    {
        null => true,
        HttpStatusCode.NotImplemented or HttpStatusCode.HttpVersionNotSupported
            or HttpStatusCode.NetworkAuthenticationRequired => false,
        >= HttpStatusCode.InternalServerError => true,
        HttpStatusCode.OK or HttpStatusCode.Accepted => false, // a page in HTML: HubCaller takes all others
        var status => (int)status < 300,
    };

    /// <summary>
    /// The same request can never succeed: a 4xx that speaks of the request itself, not of credentials, of the way to the
    /// hub or of time (401, 403, 404, 405, 407, 408, 429).
    /// </summary>
    public bool IsPermanent =>
        Status is >= HttpStatusCode.BadRequest and < HttpStatusCode.InternalServerError
            and not (HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden or HttpStatusCode.NotFound
                or HttpStatusCode.MethodNotAllowed or HttpStatusCode.ProxyAuthenticationRequired
                or HttpStatusCode.RequestTimeout or HttpStatusCode.TooManyRequests);

    /// <summary>What it means for a result that was to be delivered.</summary>
    public DeliveryOutcome DeliveryOutcome =>
        !WasTried ? DeliveryOutcome.NotTried
        : IsPermanent ? DeliveryOutcome.Refused
        : Status is null ? DeliveryOutcome.Unreachable
        : DeliveryOutcome.Failed;
}
