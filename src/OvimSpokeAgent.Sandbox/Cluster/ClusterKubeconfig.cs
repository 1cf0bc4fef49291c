namespace OvimSpokeAgent.Sandbox.Cluster;

/// <summary>A kubeconfig for the sandbox.</summary>
internal static class ClusterKubeconfig
{
    public static string Text(Uri url, string user) => $"""
        apiVersion: v1
        kind: Config
        clusters:
        - name: ovim-sandbox
          cluster:
            server: {url.GetLeftPart(UriPartial.Authority)}
        users:
        - name: {user}
          user:
            token: {user}
        contexts:
        - name: ovim-sandbox
          context:
            cluster: ovim-sandbox
            user: {user}
        current-context: ovim-sandbox

        """;
}
