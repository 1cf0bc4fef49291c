using k8s.Authentication;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Tests.Configuration;

namespace OvimSpokeAgent.Tests.Cluster;

/// <summary>The agent's API client over a server whose answers a test sets.</summary>
public abstract class KubernetesApiWorld
{
    private protected static readonly ResourceKind Widgets = new("example.com", "v1", "widgets", "Widget");
    private protected static readonly NamespacedName Web = new("acme", "web");

    private protected TestTime Time { get; } = new();

    private protected StubServer Server { get; } = new();

    private protected ClusterConnectivity Connectivity { get; }

    private protected KubernetesApiWorld() => Connectivity = new ClusterConnectivity(Time);

    private protected KubernetesApi Api(ITokenProvider? tokens = null, string host = "https://api.example:6443")
    {
        var client = new ClusterClient(new Uri(host), tokens is null ? null : new TokenCredentials(tokens), Server.NewHandler());
        return new(client, new ClusterCredentials(client, new TestEnvironment().LoadClean(), Time), Connectivity, Time);
    }

    private protected Task<AnyObject> GetAsync(CancellationToken cancellationToken) =>
        Api().GetAsync(Widgets, Web, ClusterJson.Default.AnyObject, cancellationToken);

    private protected Task<IAsyncEnumerable<WatchEvent<AnyObject>>> WatchAsync(CancellationToken cancellationToken) =>
        Api().WatchAsync(Widgets, "", new ListQuery(), ClusterJson.Default.AnyObject, cancellationToken);

    private protected Task<KubernetesApiException> FailureAsync() => Assert.ThrowsAsync<KubernetesApiException>(() => GetAsync(default));

    private protected static async Task<List<WatchEvent<AnyObject>>> ToListAsync(IAsyncEnumerable<WatchEvent<AnyObject>> events)
    {
        var list = new List<WatchEvent<AnyObject>>();
        await foreach (var item in events) list.Add(item);
        return list;
    }
}
