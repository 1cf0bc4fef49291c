using System.Security.Cryptography;
using k8s;
using k8s.Exceptions;
using OvimSpokeAgent.Configuration;
using OvimSpokeAgent.Networking;
using OvimSpokeAgent.Validation;
using YamlDotNet.Core;

namespace OvimSpokeAgent.Cluster;

/// <summary>Makes a handler that every request to the API server passes through (tests count and break requests here).</summary>
internal delegate DelegatingHandler ClusterHandlerFactory();

/// <summary>The client, by the configuration that the library reads: it finds the API server, its certificates and the credentials.</summary>
internal static class KubernetesConnection
{
    /// <summary>Opens the client that the settings name: a kubeconfig's, or the pod's service account's.</summary>
    /// <exception cref="ConfigurationException">There is no usable configuration.</exception>
    public static ClusterClient Open(AgentSettings settings, IEnumerable<ClusterHandlerFactory> handlers, TimeProvider time)
    {
        try
        {
            var config = ReadConfiguration(settings);
            HttpMessageHandler handler = Connections(new ClusterTls(config, settings, time), isInCluster: settings.Kubeconfig is null);
            foreach (var create in handlers.Reverse())
            {
                var outer = create();
                outer.InnerHandler = handler;
                handler = outer;
            }
            return new ClusterClient(new Uri(config.Host), Kubernetes.CreateCredentials(config), handler);
        }
        catch (Exception e) when (IsUnusable(e))
        {
            throw new ConfigurationException([Problem(settings.Kubeconfig, e)], []);
        }
    }

    /// <summary>What the kubeconfig, or the pod's service account, says now.</summary>
    public static KubernetesClientConfiguration ReadConfiguration(AgentSettings settings) => settings.Kubeconfig is { } path
        ? Cluster.Kubeconfig.Read(path)
        : KubernetesClientConfiguration.InClusterConfig();

    /// <summary>Whether this is what reading throws for a configuration that cannot be used.</summary>
    public static bool IsUnusable(Exception e) => e is KubeConfigException or YamlException or IOException or FormatException
        or ArgumentException or CryptographicException or UnauthorizedAccessException;

    private static SocketsHttpHandler Connections(ClusterTls tls, bool isInCluster)
    {
        var handler = new SocketsHttpHandler
        {
            ConnectTimeout = TimeSpan.FromSeconds(10),
            PooledConnectionLifetime = TimeSpan.FromMinutes(30),
            // A connection that died without a word is noticed on every open watch within 45 s.
            KeepAlivePingPolicy = HttpKeepAlivePingPolicy.WithActiveRequests,
            KeepAlivePingDelay = TimeSpan.FromSeconds(30),
            KeepAlivePingTimeout = TimeSpan.FromSeconds(15),
            EnableMultipleHttp2Connections = true,
        };
        // The pod's own API server is next door, whatever the proxy's exceptions forgot.
        if (isInCluster) handler.UseProxy = false;
        else handler.Proxy = EnvironmentProxy.OfProcess;
        HappyEyeballs.Use(handler);
        tls.Use(handler.SslOptions);
        return handler;
    }

    private static string Problem(string? kubeconfig, Exception e) => kubeconfig is null
        ? $"{SettingsTable.Kubeconfig.Name}: missing, expected a kubeconfig, or a pod with a service account ({e.Message})"
        : $"{SettingsTable.Kubeconfig.Name}: {JsonText.Show(kubeconfig)} cannot be used ({JsonText.Shorten(e.Message)}), expected {SettingsTable.Kubeconfig.Expected}";
}
