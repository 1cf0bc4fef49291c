namespace KubernetesSandbox.Cluster;

/// <summary>
/// The APIs that other servers serve: an APIService names a group, a version and a Service of type ExternalName, which leads to
/// the server. Reached over TLS, checked against the <c>caBundle</c> unless <c>insecureSkipTLSVerify</c>.
/// </summary>
internal sealed class AggregatedApis(ObjectStore store, ServerConnections connections)
{
    /// <summary>The APIService of a version that another server serves, or null.</summary>
    public StoredObject? Find(string group, string version) =>
        store.Get(BuiltInKinds.ApiService.Resource, new("", $"{version}.{group}")) is { } service && IsRemote(service) ? service : null;

    public IEnumerable<(string Group, string Version)> Versions() =>
        store.Read(BuiltInKinds.ApiService.Resource).Objects.Values
            .Where(IsRemote)
            .Select(service => (service.Content.Text("spec", "group") ?? "", service.Content.Text("spec", "version") ?? ""));

    public static bool IsRemote(StoredObject service) => service.Content.Map("spec", "service") is not null;

    /// <summary>The server behind an APIService; null if its Service is not there or leads nowhere.</summary>
    public RemoteServer? ServerOf(StoredObject apiService) => connections.Behind(
        apiService.Content.At("spec", "service"),
        apiService.Content.Flag("spec", "insecureSkipTLSVerify") is true ? null : apiService.Content.Text("spec", "caBundle") ?? "");

    /// <exception cref="HttpRequestException">The server is not reached, or shows a wrong certificate.</exception>
    public Task<HttpResponseMessage> SendAsync(RemoteServer server, HttpRequestMessage request, CancellationToken cancellationToken) =>
        connections.SendAsync(server, request, cancellationToken);
}
