using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;

namespace OvimSpokeAgent.Cluster;

/// <summary>The Kubernetes API with something around its writes, which a subclass adds; reads pass.</summary>
internal abstract class ForwardingApi(IKubernetesApi api) : IKubernetesApi
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

    public Task CheckCreateAsync(ResourceKind kind, string ns, JsonObject body, CancellationToken cancellationToken) =>
        api.CheckCreateAsync(kind, ns, body, cancellationToken);

    public Task<T> CreateAsync<T>(
        ResourceKind kind, string ns, JsonObject body, JsonTypeInfo<T> type, CancellationToken cancellationToken) =>
        WriteAsync(
            "create", kind, new NamespacedName(ns, (string?)body["metadata"]?["name"] ?? ""),
            () => api.CreateAsync(kind, ns, body, type, cancellationToken));

    public Task<T> MergePatchAsync<T>(
        ResourceKind kind, NamespacedName name, JsonObject patch, JsonTypeInfo<T> type, CancellationToken cancellationToken) =>
        WriteAsync("patch", kind, name, () => api.MergePatchAsync(kind, name, patch, type, cancellationToken));

    public Task<T> MergePatchStatusAsync<T>(
        ResourceKind kind, NamespacedName name, JsonObject patch, JsonTypeInfo<T> type, CancellationToken cancellationToken) =>
        WriteAsync("patch status", kind, name, () => api.MergePatchStatusAsync(kind, name, patch, type, cancellationToken));

    public Task<T> ApplyAsync<T>(
        ResourceKind kind, NamespacedName name, JsonObject body, JsonTypeInfo<T> type, CancellationToken cancellationToken) =>
        WriteAsync("apply", kind, name, () => api.ApplyAsync(kind, name, body, type, cancellationToken));

    public Task DeleteAsync(
        ResourceKind kind, NamespacedName name, DeleteOptions options, CancellationToken cancellationToken) =>
        WriteAsync("delete", kind, name, () => api.DeleteAsync(kind, name, options, cancellationToken));

    public Task DeleteCollectionAsync(
        ResourceKind kind, string ns, string labelSelector, CancellationToken cancellationToken) =>
        WriteAsync("delete all", kind, new NamespacedName(ns, "*"), () => api.DeleteCollectionAsync(kind, ns, labelSelector, cancellationToken));

    public Task PutSubresourceAsync(
        ResourceKind kind, NamespacedName name, string subresource, JsonObject? body, CancellationToken cancellationToken) =>
        WriteAsync($"put {subresource}", kind, name, () => api.PutSubresourceAsync(kind, name, subresource, body, cancellationToken));

    /// <summary>Whether what is created changes nothing: events, and questions that are asked by <c>POST</c>.</summary>
    protected static bool ChangesNothing(ResourceKind kind) =>
        kind == KubernetesKinds.Event || kind == KubernetesKinds.SelfSubjectAccessReview || kind == KubernetesKinds.SubjectAccessReview;

    /// <summary>Does a write, with what goes with it.</summary>
    /// <param name="verb">What is asked for, in one or two words.</param>
    /// <param name="kind">Of which kind.</param>
    /// <param name="name">Of which object; its name is empty where the server makes it, and * for all of a namespace.</param>
    /// <param name="write">Sends it.</param>
    protected abstract Task<T> WriteAsync<T>(string verb, ResourceKind kind, NamespacedName name, Func<Task<T>> write);

    private Task<bool> WriteAsync(string verb, ResourceKind kind, NamespacedName name, Func<Task> write) => WriteAsync(verb, kind, name, async () =>
    {
        await write();
        return true;
    });
}
