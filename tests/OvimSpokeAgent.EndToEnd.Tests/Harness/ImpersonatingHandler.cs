namespace OvimSpokeAgent.EndToEnd.Tests.Harness;

/// <summary>Makes an administrator's requests those of a user who is in one group.</summary>
internal sealed class ImpersonatingHandler(string user, string group) : DelegatingHandler
{
    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        request.Headers.Add("Impersonate-User", user);
        request.Headers.Add("Impersonate-Group", group);
        return base.SendAsync(request, cancellationToken);
    }
}
