using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;
using OvimSpokeAgent.Cluster;

namespace OvimSpokeAgent.Leadership;

/// <summary>
/// The Kubernetes API for everyone who acts on the cluster: reads pass, writes only while this agent leads, which is
/// looked up on the clocks right before each. Questions that are asked by <c>POST</c> and events pass as well.
/// </summary>
internal sealed class LeaderOnlyApi(IKubernetesApi api, ILeadership leadership) : IKubernetesApi
{
    public Task<T> GetAsync<T>(
        ResourceKind kind, NamespacedName name, JsonTypeInfo<T> type, CancellationToken cancellationToken) =>
        api.GetAsync(kind, name, type, cancellationToken);

    public Task<bool> IsServedAsync(ResourceKind kind, CancellationToken cancellationToken) =>
        api.IsServedAsync(kind, cancellationToken);

    public Task<ListPage> ListAsync<T>(
        ResourceKind kind,
        string ns,
        ListQuery query,
        JsonTypeInfo<T> type,
        Action<ReadObject<T>> take,
        CancellationToken cancellationToken)
        where T : class, IKubernetesObject =>
        api.ListAsync(kind, ns, query, type, take, cancellationToken);

    public Task<IAsyncEnumerable<WatchEvent<T>>> WatchAsync<T>(
        ResourceKind kind, string ns, ListQuery query, JsonTypeInfo<T> type, CancellationToken cancellationToken)
        where T : class, IKubernetesObject =>
        api.WatchAsync(kind, ns, query, type, cancellationToken);

    public Task<T> CreateAsync<T>(
        ResourceKind kind, string ns, JsonObject body, JsonTypeInfo<T> type, CancellationToken cancellationToken) =>
        kind == KubernetesKinds.SelfSubjectAccessReview || kind == KubernetesKinds.SubjectAccessReview || kind == KubernetesKinds.Event
            ? api.CreateAsync(kind, ns, body, type, cancellationToken)
            : Leading().CreateAsync(kind, ns, body, type, cancellationToken);

    public Task CheckCreateAsync(ResourceKind kind, string ns, JsonObject body, CancellationToken cancellationToken) =>
        api.CheckCreateAsync(kind, ns, body, cancellationToken);

    public Task<T> MergePatchAsync<T>(
        ResourceKind kind, NamespacedName name, JsonObject patch, JsonTypeInfo<T> type, CancellationToken cancellationToken) =>
        kind == KubernetesKinds.Event
            ? api.MergePatchAsync(kind, name, patch, type, cancellationToken)
            : Leading().MergePatchAsync(kind, name, patch, type, cancellationToken);

    public Task<T> MergePatchStatusAsync<T>(
        ResourceKind kind, NamespacedName name, JsonObject patch, JsonTypeInfo<T> type, CancellationToken cancellationToken) =>
        Leading().MergePatchStatusAsync(kind, name, patch, type, cancellationToken);

    public Task<T> ApplyAsync<T>(
        ResourceKind kind, NamespacedName name, JsonObject body, JsonTypeInfo<T> type, CancellationToken cancellationToken) =>
        Leading().ApplyAsync(kind, name, body, type, cancellationToken);

    public Task DeleteAsync(
        ResourceKind kind, NamespacedName name, DeleteOptions options, CancellationToken cancellationToken) =>
        Leading().DeleteAsync(kind, name, options, cancellationToken);

    public Task DeleteCollectionAsync(
        ResourceKind kind, string ns, string labelSelector, CancellationToken cancellationToken) =>
        Leading().DeleteCollectionAsync(kind, ns, labelSelector, cancellationToken);

    public Task PutSubresourceAsync(
        ResourceKind kind, NamespacedName name, string subresource, JsonObject? body, CancellationToken cancellationToken) =>
        Leading().PutSubresourceAsync(kind, name, subresource, body, cancellationToken);

    private IKubernetesApi Leading() => leadership.Current is not null
        ? api
        : throw new KubernetesApiException(
            ApiErrorReason.NotLeading,
            leadership.OtherLeader is { } other
                ? $"not done: {other} leads"
                : "not done: the Lease could not be renewed in time, another agent may lead");
}
