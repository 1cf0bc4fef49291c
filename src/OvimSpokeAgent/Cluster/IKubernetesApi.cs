using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;

namespace OvimSpokeAgent.Cluster;

/// <summary>
/// The Kubernetes API as the agent uses it: typed reads, JSON writes, lists and watches. One request a call, no retry
/// (the callers' steps are safe to repeat and decide themselves). Every failure is a <see cref="KubernetesApiException"/>,
/// except the caller's own cancellation. A single request has a time limit of its own (30 s); a watch has none. Who asks for
/// <see cref="AnyObject"/> gets metadata alone over the wire, too.
/// </summary>
internal interface IKubernetesApi
{
    /// <summary>Reads one object.</summary>
    Task<T> GetAsync<T>(ResourceKind kind, NamespacedName name, JsonTypeInfo<T> type, CancellationToken cancellationToken);

    /// <summary>Whether the server has this kind now (discovery, which everyone may ask).</summary>
    Task<bool> IsServedAsync(ResourceKind kind, CancellationToken cancellationToken);

    /// <summary>
    /// Lists one page of a collection, and hands on each object as it arrives: not even a page of large objects is in memory at
    /// once. The time limit holds for each object anew. A failure may come after some objects were handed on.
    /// </summary>
    /// <param name="kind">The kind.</param>
    /// <param name="ns">Namespace, or empty for all.</param>
    /// <param name="query">What to list.</param>
    /// <param name="type">The objects' type.</param>
    /// <param name="take">Takes each object.</param>
    /// <param name="cancellationToken">Ends the request.</param>
    Task<ListPage> ListAsync<T>(
        ResourceKind kind,
        string ns,
        ListQuery query,
        JsonTypeInfo<T> type,
        Action<ReadObject<T>> take,
        CancellationToken cancellationToken)
        where T : class, IKubernetesObject;

    /// <summary>
    /// Watches a collection from <see cref="ListQuery.ResourceVersion"/> on (bookmarks asked for). Returns once the
    /// server has taken the watch; the events end when the server ends it; an ERROR event throws (410:
    /// <see cref="ApiErrorReason.Expired"/>).
    /// </summary>
    Task<IAsyncEnumerable<WatchEvent<T>>> WatchAsync<T>(
        ResourceKind kind, string ns, ListQuery query, JsonTypeInfo<T> type, CancellationToken cancellationToken)
        where T : class, IKubernetesObject;

    /// <summary>Creates with <c>POST</c>: an existing object is <see cref="ApiErrorReason.AlreadyExists"/>.</summary>
    Task<T> CreateAsync<T>(
        ResourceKind kind, string ns, JsonObject body, JsonTypeInfo<T> type, CancellationToken cancellationToken);

    /// <summary>As <see cref="CreateAsync"/>, but nothing is stored (<c>dryRun</c>): whether the server would take it.</summary>
    Task CheckCreateAsync(ResourceKind kind, string ns, JsonObject body, CancellationToken cancellationToken);

    /// <summary>JSON merge patch (RFC 7386), the caller's <c>metadata.resourceVersion</c> included in it where wanted.</summary>
    Task<T> MergePatchAsync<T>(
        ResourceKind kind, NamespacedName name, JsonObject patch, JsonTypeInfo<T> type, CancellationToken cancellationToken);

    /// <summary>As <see cref="MergePatchAsync"/>, on the subresource <c>status</c>.</summary>
    Task<T> MergePatchStatusAsync<T>(
        ResourceKind kind, NamespacedName name, JsonObject patch, JsonTypeInfo<T> type, CancellationToken cancellationToken);

    /// <summary>Server-side apply with field manager <c>ovim-spoke-agent</c> and force.</summary>
    Task<T> ApplyAsync<T>(
        ResourceKind kind, NamespacedName name, JsonObject body, JsonTypeInfo<T> type, CancellationToken cancellationToken);

    /// <summary>Asks for deletion; it is done when the object is gone.</summary>
    /// <exception cref="KubernetesApiException">NotFound when it is already gone, Conflict when the uid differs.</exception>
    Task DeleteAsync(
        ResourceKind kind, NamespacedName name, DeleteOptions options, CancellationToken cancellationToken);

    /// <summary>Asks for the deletion of everything in a namespace that a label selector picks, with one request.</summary>
    Task DeleteCollectionAsync(
        ResourceKind kind, string ns, string labelSelector, CancellationToken cancellationToken);

    /// <summary><c>PUT</c> on a subresource with no answer to read, e.g. KubeVirt's <c>start</c>.</summary>
    Task PutSubresourceAsync(
        ResourceKind kind, NamespacedName name, string subresource, JsonObject? body, CancellationToken cancellationToken);
}
