namespace KubernetesSandbox.Cluster;

/// <summary>A kubeconfig for the server.</summary>
internal static class ClusterKubeconfig
{
    public static string Text(Uri url, string user) => $"""
        apiVersion: v1
        kind: Config
        clusters:
        - name: sandbox
          cluster:
            server: {url.GetLeftPart(UriPartial.Authority)}
        users:
        - name: {user}
          user:
            token: {user}
        contexts:
        - name: sandbox
          context:
            cluster: sandbox
            user: {user}
        current-context: sandbox

        """;
}
