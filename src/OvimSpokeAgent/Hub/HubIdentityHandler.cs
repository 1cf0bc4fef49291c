using System.Net.Http.Headers;
using OvimSpokeAgent.Configuration;

namespace OvimSpokeAgent.Hub;

/// <summary>Puts the agent's identity and its token on every request to the hub.</summary>
internal sealed class HubIdentityHandler(AgentSettings settings, HubToken token) : DelegatingHandler
{
    protected override async Task<HttpResponseMessage> SendAsync(
        HttpRequestMessage request, CancellationToken cancellationToken)
    {
        request.Headers.Authorization =
            new AuthenticationHeaderValue("Bearer", await token.ReadAsync(cancellationToken));
        Set(request, "X-Agent-ID", settings.AgentId);
        Set(request, "X-Cluster-ID", settings.ClusterId);
        Set(request, "X-Zone-ID", settings.ZoneId);
        Set(request, "X-Agent-Version", AgentVersion.Current);
        return await base.SendAsync(request, cancellationToken);
    }

    // A retried request comes through here again.
    private static void Set(HttpRequestMessage request, string name, string value)
    {
        request.Headers.Remove(name);
        request.Headers.Add(name, value);
    }
}

/// <summary>The bearer token: given, or read anew from its file for each request (mounted Secrets change).</summary>
internal sealed class HubToken(AgentSettings settings)
{
    /// <exception cref="HubException">The file cannot be read or is empty.</exception>
    public async ValueTask<string> ReadAsync(CancellationToken cancellationToken)
    {
        if (settings.Hub.Token is { } token) return token;
        var file = settings.Hub.TokenFile!;
        try
        {
            var text = (await File.ReadAllTextAsync(file, cancellationToken)).Trim();
            return text.Length > 0 ? text : throw new HubException($"the hub token file {file} is empty");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new HubException($"the hub token file {file} cannot be read: {e.Message}", inner: e);
        }
    }
}
