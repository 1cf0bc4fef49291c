using System.Net;
using System.Net.Http.Headers;
using OvimSpokeAgent.Configuration;

namespace OvimSpokeAgent.Hub;

/// <summary>
/// Puts the agent's identity and its token on every request to the hub. A request that is answered 401 had no effect:
/// the token is read again and the request repeated, once.
/// </summary>
internal sealed class HubIdentityHandler(AgentSettings settings, HubCredentials credentials) : DelegatingHandler
{
    protected override async Task<HttpResponseMessage> SendAsync(
        HttpRequestMessage request, CancellationToken cancellationToken)
    {
        Set(request, "X-Agent-ID", settings.AgentId);
        Set(request, "X-Cluster-ID", settings.ClusterId);
        Set(request, "X-Zone-ID", settings.ZoneId);
        Set(request, "X-Agent-Version", AgentVersion.Current);
        SetToken(request);
        var response = await base.SendAsync(request, cancellationToken);
        if (response.StatusCode is not HttpStatusCode.Unauthorized) return response;

        response.Dispose();
        credentials.RefreshToken();
        SetToken(request);
        return await base.SendAsync(request, cancellationToken);
    }

    private void SetToken(HttpRequestMessage request) =>
        request.Headers.Authorization = credentials.Token is { } token ? new AuthenticationHeaderValue("Bearer", token) : null;

    // A retried request comes through here again.
    private static void Set(HttpRequestMessage request, string name, string value)
    {
        request.Headers.Remove(name);
        request.Headers.Add(name, value);
    }
}
