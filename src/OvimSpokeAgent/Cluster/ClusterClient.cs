using k8s.Authentication;

namespace OvimSpokeAgent.Cluster;

/// <summary>
/// The API server's address, the connections to it, and the credentials that were read with them. It is not the library's client:
/// that brings the serializers of all kinds of Kubernetes along, none of which the agent uses.
/// </summary>
internal sealed class ClusterClient(Uri baseUri, ServiceClientCredentials? credentials, HttpMessageHandler handler) : IDisposable
{
    /// <summary>Sends requests as they are, without credentials and without a time limit.</summary>
    public HttpClient HttpClient { get; } = new(handler) { Timeout = Timeout.InfiniteTimeSpan };

    /// <summary>What the paths of requests are relative to; it ends with a slash.</summary>
    public Uri BaseUri { get; } = baseUri.AbsolutePath.EndsWith('/') ? baseUri : new Uri(baseUri + "/");

    /// <summary>What to begin with; null: there are none, or a client certificate alone.</summary>
    public ServiceClientCredentials? Credentials => credentials;

    public void Dispose() => HttpClient.Dispose();
}
