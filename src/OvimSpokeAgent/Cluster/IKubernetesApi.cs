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

/// <summary>What to list or watch.</summary>
internal sealed record ListQuery
{
    public string? LabelSelector { get; init; }

    public string? FieldSelector { get; init; }

    public string? ResourceVersion { get; init; }

    /// <summary>Page size; null asks for all at once.</summary>
    public int? Limit { get; init; }

    /// <summary>The token of the next page.</summary>
    public string? Continue { get; init; }

    /// <summary>After how long the server ends a watch.</summary>
    public TimeSpan? Timeout { get; init; }
}

/// <summary>A page of a collection, its objects aside.</summary>
/// <param name="ResourceVersion">The version of the collection.</param>
/// <param name="Continue">The token of the next page; null: there is none.</param>
internal sealed record ListPage(string ResourceVersion, string? Continue);

/// <summary>A page of a collection.</summary>
internal sealed record ObjectList<T>(IReadOnlyList<T> Items, string ResourceVersion, string? Continue);

internal static class KubernetesApiLists
{
    /// <summary>As the other, for pages of objects that are small: fails where one cannot be read.</summary>
    public static async Task<ObjectList<T>> ListAsync<T>(
        this IKubernetesApi api,
        ResourceKind kind,
        string ns,
        ListQuery query,
        JsonTypeInfo<T> type,
        CancellationToken cancellationToken)
        where T : class, IKubernetesObject
    {
        var items = new List<T>();
        var page = await api.ListAsync(kind, ns, query, type, item => items.Add(item.Value), cancellationToken);
        return new ObjectList<T>(items, page.ResourceVersion, page.Continue);
    }
}

/// <summary>The kinds of watch events that reach callers (ERROR is an exception).</summary>
internal enum WatchEventType
{
    Added,
    Modified,
    Deleted,
    Bookmark,
}

/// <summary>One event of a watch; of a bookmark only the resourceVersion counts.</summary>
internal readonly record struct WatchEvent<T>(WatchEventType Type, ReadObject<T> Object)
    where T : class, IKubernetesObject;

/// <summary>How to delete.</summary>
internal sealed record DeleteOptions
{
    /// <summary>Delete only the object with this uid, never a namesake made since.</summary>
    public string? Uid { get; init; }

    /// <summary>Delete only the object as it was read: a change since is a conflict.</summary>
    public string? ResourceVersion { get; init; }

    /// <summary>Overrides the object's own grace period; whole seconds.</summary>
    public TimeSpan? GracePeriod { get; init; }

    /// <summary><c>Background</c>, <c>Foreground</c> or <c>Orphan</c>; null leaves it to the kind.</summary>
    public string? Propagation { get; init; }
}
