using k8s;
using OvimSpokeAgent.Configuration;

namespace OvimSpokeAgent.Cluster;

/// <summary>Makes a handler that every request to the API server passes through (tests count and break requests here).</summary>
internal delegate DelegatingHandler ClusterHandlerFactory();

/// <summary>The library's client: it finds the API server, its certificates and the credentials.</summary>
internal static class KubernetesConnection
{
    /// <summary>Opens the client that the settings name: a kubeconfig's, or the pod's service account's.</summary>
    /// <exception cref="k8s.Exceptions.KubeConfigException">There is no usable configuration.</exception>
    public static Kubernetes Open(AgentSettings settings, IEnumerable<ClusterHandlerFactory> handlers)
    {
        var config = settings.Kubeconfig is { } path
            ? KubernetesClientConfiguration.BuildConfigFromConfigFile(path)
            : KubernetesClientConfiguration.InClusterConfig();
        config.FirstMessageHandlerSetup = handler =>
        {
            handler.ConnectTimeout = TimeSpan.FromSeconds(10);
            handler.PooledConnectionLifetime = TimeSpan.FromMinutes(30);
            // A connection that died without a word is noticed on every open watch within 45 s.
            handler.KeepAlivePingDelay = TimeSpan.FromSeconds(30);
            handler.KeepAlivePingTimeout = TimeSpan.FromSeconds(15);
            handler.EnableMultipleHttp2Connections = true;
        };
        return new Kubernetes(config, [.. handlers.Select(create => create())]);
    }
}
