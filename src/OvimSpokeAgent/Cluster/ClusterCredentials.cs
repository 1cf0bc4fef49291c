using k8s;
using k8s.Authentication;
using OvimSpokeAgent.Configuration;

namespace OvimSpokeAgent.Cluster;

/// <summary>
/// What the agent shows to the API server. A token's file is read again every minute by the library; when the server refuses
/// what was shown, all of it is read anew at once (<see cref="Renew"/>).
/// </summary>
internal sealed class ClusterCredentials(Kubernetes client, AgentSettings settings, TimeProvider time)
{
    private static readonly TimeSpan ShortestAge = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private ServiceClientCredentials? _current = client.Credentials;
    private long? _renewedAt;

    /// <summary>Adds them to a request.</summary>
    public Task ShowAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
        Volatile.Read(ref _current)?.ProcessHttpRequestAsync(request, cancellationToken) ?? Task.CompletedTask;

    /// <summary>Reads them anew, for the requests from now on; at most once a second.</summary>
    public void Renew()
    {
        lock (_lock)
        {
            if (_renewedAt is { } last && time.GetElapsedTime(last) < ShortestAge) return;
            _renewedAt = time.GetTimestamp();
            try
            {
                _current = Kubernetes.CreateCredentials(KubernetesConnection.ReadConfiguration(settings));
            }
            catch (Exception e) when (KubernetesConnection.IsUnusable(e))
            {
                // As they are, they are refused: the request says so, and the next one reads again.
            }
        }
    }
}
