using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using OvimSpokeAgent.Configuration;
using OvimSpokeAgent.Validation;

namespace OvimSpokeAgent.Hub;

/// <summary>Why a request got no answer, in words for an operator.</summary>
/// <param name="Message">What is wrong and where to look.</param>
/// <param name="WasSent">The hub may have got the request.</param>
internal readonly record struct HubFailure(string Message, bool WasSent)
{
    /// <summary>What failed connections mean. Pure.</summary>
    /// <param name="exception">What the connection said.</param>
    /// <param name="url">What was asked for.</param>
    /// <param name="credentials">What was shown to the hub.</param>
    /// <param name="now">The time, to tell an expired certificate.</param>
    public static HubFailure Of(HttpRequestException exception, Uri url, HubCredentials credentials, DateTimeOffset now)
    {
        var causes = Causes(exception).ToList();
        var client = credentials.Certificate?.Certificate;
        if (causes.OfType<HubCertificateException>().FirstOrDefault() is { } certificate) return new(certificate.Message, false);
        if (Alert(causes) is { } alert) return new(Refused(alert, client, now), false);
        var socket = causes.OfType<SocketException>().FirstOrDefault()?.SocketErrorCode;
        var (endpoint, setting) = ($"{url.Host}:{url.Port}", SettingsTable.HubEndpoint.Name);
        return exception.HttpRequestError switch
        {
            HttpRequestError.NameResolutionError =>
                new($"the name {url.Host} is not known to DNS ({Innermost(causes)}): check {setting} and the cluster's DNS", false),
            HttpRequestError.ProxyTunnelError => new($"the proxy does not let through: {exception.Message}", false),
            HttpRequestError.ConnectionError when socket is SocketError.ConnectionRefused =>
                new($"nothing listens on {endpoint}: is the hub up, is {setting} right?", false),
            HttpRequestError.ConnectionError => new($"no connection to {endpoint}: {Innermost(causes)}", false),
            HttpRequestError.SecureConnectionError when IsPlainText(causes) =>
                new($"{endpoint} answers without TLS: {setting} needs http:// or the hub's TLS port", false),
            HttpRequestError.SecureConnectionError =>
                new($"no TLS connection to {endpoint}: {Innermost(causes)}{HintOfCertificate(client, now)}", false),
            HttpRequestError.InvalidResponse when url.Scheme == Uri.UriSchemeHttp && LooksLikeTls(exception) =>
                new($"{endpoint} answers with TLS: {setting} needs https://", false),
            HttpRequestError.InvalidResponse => new($"the answer is not HTTP: {Innermost(causes)}", true),
            _ => new($"the connection broke before an answer came: {Innermost(causes)}{HintAtFirst(url, credentials, now)}", true),
        };
    }

    /// <summary>What an answer that did not do what was asked for means, where that is not in its body; null: nothing.</summary>
    /// <param name="answer">The answer.</param>
    /// <param name="sent">The headers of what was sent, if it had a body.</param>
    public static string? HintAt(HttpResponseMessage answer, HttpContentHeaders? sent) => answer.StatusCode switch
    {
        HttpStatusCode.RequestEntityTooLarge => $"{sent?.ContentLength ?? 0} bytes were sent{Coding(sent)}: raise the limit of "
            + "the hub, or of what stands before it (ingress-nginx: the annotation nginx.ingress.kubernetes.io/proxy-body-size, "
            + "nginx: client_max_body_size, both 1 MiB by default)",
        HttpStatusCode.OK or HttpStatusCode.Accepted =>
            "a page in HTML, not the hub's answer: is a proxy or a login page in between?",
        HttpStatusCode.Unauthorized =>
            $"the hub refuses the token: check {SettingsTable.HubToken.Name} or {SettingsTable.HubTokenFile.Name}",
        >= HttpStatusCode.MultipleChoices and < HttpStatusCode.BadRequest when answer.Headers.Location is { } location =>
            $"the hub redirects to {Shown(location)}; not followed, the token is for the hub alone: "
            + $"if that is the hub, set {SettingsTable.HubEndpoint.Name}",
        HttpStatusCode.ProxyAuthenticationRequired => "the proxy asks for credentials: check HTTPS_PROXY, HTTP_PROXY",
        _ => null,
    };

    private static string Coding(HttpContentHeaders? sent) =>
        sent?.ContentEncoding is { Count: > 0 } codings ? $", compressed with {string.Join(", ", codings)}" : "";

    // A redirect's query and user info may hold what is secret.
    private static string Shown(Uri location) => JsonText.Shorten(
        location.IsAbsoluteUri
            ? location.GetComponents(UriComponents.SchemeAndServer | UriComponents.Path, UriFormat.UriEscaped)
            : location.OriginalString.Split('?')[0]);

    private static IEnumerable<Exception> Causes(Exception exception)
    {
        for (var cause = exception; cause is not null; cause = cause.InnerException) yield return cause;
    }

    private static string Innermost(List<Exception> causes) => causes[^1].Message.TrimEnd('.');

    // The hub tells in an alert (RFC 8446, 6.2) that it refuses the client's certificate or misses one. The library passes
    // on OpenSSL's text only.
    private static string? Alert(List<Exception> causes)
    {
        foreach (var cause in causes)
        {
            var at = cause.Message.IndexOf("alert ", StringComparison.OrdinalIgnoreCase);
            if (at >= 0) return cause.Message[(at + "alert ".Length)..].TrimEnd('.');
        }
        return null;
    }

    private static string Refused(string alert, X509Certificate2? client, DateTimeOffset now)
    {
        var (cert, key) = (SettingsTable.HubCertFile.Name, SettingsTable.HubKeyFile.Name);
        if (client is null) return $"the hub breaks off TLS ({alert}): if it asks for a client certificate, set {cert} and {key}";
        return Expired(client, now) is { } expired
            ? $"the hub refuses the client certificate ({alert}): {expired}"
            : $"the hub refuses the client certificate ({alert}): does it know the CA of {cert} ({client.Issuer})?";
    }

    private static string HintOfCertificate(X509Certificate2? client, DateTimeOffset now)
    {
        var (cert, key) = (SettingsTable.HubCertFile.Name, SettingsTable.HubKeyFile.Name);
        if (client is null) return $"; the hub may ask for a client certificate ({cert}, {key})";
        return Expired(client, now) is { } expired
            ? $"; {expired}"
            : $"; the hub may not accept the client certificate of {cert} (by {client.Issuer})";
    }

    // A hub that never answered: with TLS 1.3 a refused certificate shows only after the handshake.
    private static string HintAtFirst(Uri url, HubCredentials credentials, DateTimeOffset now)
    {
        if (credentials.WereAccepted) return "";
        return url.Scheme == Uri.UriSchemeHttps
            ? HintOfCertificate(credentials.Certificate?.Certificate, now)
            : $"; if the hub speaks TLS, {SettingsTable.HubEndpoint.Name} needs https://";
    }

    private static string? Expired(X509Certificate2 client, DateTimeOffset now)
    {
        var until = client.NotAfter.ToUniversalTime();
        return now > until ? $"the client certificate of {SettingsTable.HubCertFile.Name} expired on {until:u}: renew it" : null;
    }

    private static bool IsPlainText(List<Exception> causes) => causes.Exists(cause =>
        cause is AuthenticationException or IOException
        && cause.Message.Contains("frame", StringComparison.OrdinalIgnoreCase));

    // A TLS record of type alert or handshake where a status line should be.
    private static bool LooksLikeTls(HttpRequestException exception) =>
        exception.Message.Contains("\\u0015\\u0003", StringComparison.Ordinal)
        || exception.Message.Contains("\u0015\u0003", StringComparison.Ordinal);
}
