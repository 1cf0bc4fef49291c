using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Supervision;

namespace OvimSpokeAgent.Tests.Events;

/// <summary>An API server that takes events and nothing else.</summary>
internal sealed class EventApi : IKubernetesApi
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly Lock _lock = new();
    private readonly AsyncSignal _changed = new();
    private readonly List<(string Namespace, JsonObject Body)> _created = [];
    private readonly List<JsonObject> _patched = [];
    private readonly HashSet<string> _there = [];

    public IReadOnlyList<(string Namespace, JsonObject Body)> Created
    {
        get
        {
            lock (_lock) return [.. _created];
        }
    }

    public bool RefuseNext { get; set; }

    /// <summary>The next event is created, and nobody learns of it.</summary>
    public bool LoseNextAnswer { get; set; }

    /// <summary>All events ran out.</summary>
    public void Expire() => _there.Clear();

    /// <summary>The uid of whatever is looked up; null: it is gone.</summary>
    public string? Uid { get; set; }

    /// <summary>The event that was created as the n-th; waits for it.</summary>
    public Task<(string Namespace, JsonObject Body)> CreatedAsync(int n) => NthAsync(_created, n);

    /// <summary>The patch that came as the n-th; waits for it.</summary>
    public Task<JsonObject> PatchedAsync(int n) => NthAsync(_patched, n);

    public Task<T> CreateAsync<T>(
        ResourceKind kind, string ns, JsonObject body, JsonTypeInfo<T> type, CancellationToken cancellationToken)
    {
        if (RefuseNext)
        {
            RefuseNext = false;
            throw new KubernetesApiException(ApiErrorReason.Forbidden, "no");
        }
        Assert.Equal(KubernetesKinds.Event, kind);
        if (!_there.Add((string)body["metadata"]!["name"]!)) throw new KubernetesApiException(ApiErrorReason.AlreadyExists, "it is there");
        if (LoseNextAnswer)
        {
            LoseNextAnswer = false;
            Took(_created, (ns, body), type);
            throw new KubernetesApiException(ApiErrorReason.Unavailable, "no answer");
        }
        return Took(_created, (ns, body), type);
    }

    public Task CheckCreateAsync(ResourceKind kind, string ns, JsonObject body, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    public Task<T> MergePatchAsync<T>(
        ResourceKind kind, NamespacedName name, JsonObject patch, JsonTypeInfo<T> type, CancellationToken cancellationToken)
    {
        Assert.Contains(Created, created => (string?)created.Body["metadata"]!["name"] == name.Name);
        if (!_there.Contains(name.Name)) throw new KubernetesApiException(ApiErrorReason.NotFound, "it ran out");
        return Took(_patched, patch, type);
    }

    public Task<bool> IsServedAsync(ResourceKind kind, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<T> GetAsync<T>(
        ResourceKind kind, NamespacedName name, JsonTypeInfo<T> type, CancellationToken cancellationToken) => Uid is { } uid
        ? Task.FromResult(JsonSerializer.Deserialize($$$"""{"metadata":{"name":"{{{name.Name}}}","uid":"{{{uid}}}"}}""", type)!)
        : throw new KubernetesApiException(ApiErrorReason.NotFound, "gone");

    public Task<ListPage> ListAsync<T>(
        ResourceKind kind,
        string ns,
        ListQuery query,
        JsonTypeInfo<T> type,
        Action<ReadObject<T>> take,
        CancellationToken cancellationToken)
        where T : class, IKubernetesObject =>
        throw new NotSupportedException();

    public Task<IAsyncEnumerable<WatchEvent<T>>> WatchAsync<T>(
        ResourceKind kind, string ns, ListQuery query, JsonTypeInfo<T> type, CancellationToken cancellationToken)
        where T : class, IKubernetesObject =>
        throw new NotSupportedException();

    public Task<T> MergePatchStatusAsync<T>(
        ResourceKind kind, NamespacedName name, JsonObject patch, JsonTypeInfo<T> type, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    public Task<T> ApplyAsync<T>(
        ResourceKind kind, NamespacedName name, JsonObject body, JsonTypeInfo<T> type, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    public Task DeleteAsync(
        ResourceKind kind, NamespacedName name, DeleteOptions options, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    public Task DeleteCollectionAsync(
        ResourceKind kind, string ns, string labelSelector, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    public Task PutSubresourceAsync(
        ResourceKind kind, NamespacedName name, string subresource, JsonObject? body, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    private Task<T> Took<T, TItem>(List<TItem> list, TItem item, JsonTypeInfo<T> type)
    {
        lock (_lock) list.Add(item);
        _changed.Set();
        return Task.FromResult(JsonSerializer.Deserialize("{}", type)!);
    }

    private async Task<TItem> NthAsync<TItem>(List<TItem> list, int n)
    {
        while (true)
        {
            var changed = _changed.Next;
            lock (_lock)
            {
                if (list.Count >= n) return list[n - 1];
            }
            await changed.WaitAsync(Patience);
        }
    }
}
