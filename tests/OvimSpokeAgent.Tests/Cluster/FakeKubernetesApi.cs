using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;
using OvimSpokeAgent.Cluster;

namespace OvimSpokeAgent.Tests.Cluster;

/// <summary>A request as the fake got it.</summary>
/// <param name="Verb"><c>get list watch create patch apply delete put</c>, as RBAC says it (apply apart from patch).</param>
/// <param name="Kind">The kind.</param>
/// <param name="Name">The object; of a list or watch only the namespace.</param>
/// <param name="Detail">Subresource, or the body of a write.</param>
internal sealed record FakeRequest(string Verb, ResourceKind Kind, NamespacedName Name, string Detail = "")
{
    public override string ToString() => $"{Verb} {Kind} {Name}{(Detail.Length > 0 ? " " + Detail : "")}";
}

/// <summary>
/// An API server in memory, by the rules of the real one as far as the agent relies on them: uids and resourceVersions,
/// 409 for an existing name, a stale version or another uid, finalizers, merge patch, label selectors, paging, watches
/// with history, 410 after a compaction, kinds that are not there. Objects are JSON, as on the wire.
/// </summary>
internal sealed class FakeKubernetesApi(TimeProvider time) : IKubernetesApi
{
    private readonly Lock _lock = new();
    private readonly FakeStore _store = new(time);
    private readonly List<FakeRequest> _requests = [];
    private readonly FakeApply _applied = new();
    private readonly HashSet<ResourceKind> _missing = [];
    private readonly List<FakeWatch> _watches = [];

    /// <summary>Asked before a request takes effect; an exception is what it fails with.</summary>
    public Func<FakeRequest, Exception?>? Fault { get; set; }

    /// <summary>Asked after a write took effect; an exception is what its caller gets instead of the answer.</summary>
    public Func<FakeRequest, Exception?>? LostAnswer { get; set; }

    /// <summary>Whether the test plays the namespace controller: a namespace that is deleted stays until it removes it.</summary>
    public bool HasNamespaceController
    {
        set => _store.HasNamespaceController = value;
    }

    /// <summary>Told of every change, whoever made it.</summary>
    public Action<FakeChange> Changed
    {
        set => _store.Changed = value;
    }

    /// <summary>What answers <c>PUT</c> on subresources.</summary>
    public Action<NamespacedName, string, JsonObject>? Subresource { get; set; }

    /// <summary>What a SelfSubjectAccessReview answers for these attributes; allowed if not set.</summary>
    public Func<JsonObject, bool>? Reviews { get; set; }

    /// <summary>What an admission webhook makes of what is applied or patched.</summary>
    public Action<ResourceKind, JsonObject>? Mutate { get; set; }

    /// <summary>The page size the server imposes, whatever the client asks for.</summary>
    public int? MaxPage { get; set; }

    public IReadOnlyList<FakeRequest> Requests
    {
        get
        {
            lock (_lock) return [.. _requests];
        }
    }

    /// <summary>Watches that are open.</summary>
    public int OpenWatches
    {
        get
        {
            lock (_lock) return _watches.Count(watch => !watch.IsEnded);
        }
    }

    public IEnumerable<string> RequestsWith(string verb) =>
        Requests.Where(request => request.Verb == verb).Select(request => request.ToString());

    public void ForgetRequests()
    {
        lock (_lock) _requests.Clear();
    }

    /// <summary>Forgets the requests for namespaces whose names begin so.</summary>
    public void ForgetRequestsOf(string prefix)
    {
        lock (_lock) _requests.RemoveAll(request => request.Name.Namespace.StartsWith(prefix, StringComparison.Ordinal));
    }

    /// <summary>An object is there, made by someone else than the agent.</summary>
    public JsonObject Has(ResourceKind kind, JsonObject body)
    {
        lock (_lock)
        {
            body["apiVersion"] = kind.ApiVersion;
            body["kind"] = kind.Kind;
            return _store.Create(kind, FakeStore.NameOf(body), body);
        }
    }

    /// <summary>A namespace is there; with the agent's label unless told otherwise.</summary>
    public void HasNamespace(string name, bool managed = true) => Has(
        KubernetesKinds.Namespace,
        new JsonObject
        {
            ["metadata"] = new JsonObject
            {
                ["name"] = name,
                ["labels"] = managed ? new JsonObject { [WellKnownNames.ManagedByLabel] = WellKnownNames.Agent } : [],
            },
        });

    /// <summary>A copy of an object, or null.</summary>
    public JsonObject? Find(ResourceKind kind, NamespacedName name)
    {
        lock (_lock) return _store.Find(kind, name);
    }

    /// <summary>What is in a namespace.</summary>
    public IReadOnlyList<(ResourceKind Kind, NamespacedName Name)> ObjectsIn(string ns)
    {
        lock (_lock) return _store.In(ns);
    }

    /// <summary>All objects but events, without what the server makes up: the same for two servers where the same was done.</summary>
    public IReadOnlyList<string> Content()
    {
        lock (_lock)
        {
            return
            [
                .. _store.All().Where(item => (string?)item["kind"] != "Event").Select(item =>
                {
                    foreach (var made in (string[])["uid", "resourceVersion", "creationTimestamp"]) item["metadata"]!.AsObject().Remove(made);
                    return item.ToJsonString();
                }),
            ];
        }
    }

    /// <summary>Someone else changes an object.</summary>
    public void Change(ResourceKind kind, NamespacedName name, Action<JsonObject> change)
    {
        lock (_lock) _store.Update(kind, name, change);
    }

    /// <summary>Someone else deletes an object; its finalizers hold it.</summary>
    public void Delete(ResourceKind kind, NamespacedName name)
    {
        lock (_lock) _store.Delete(kind, name);
    }

    /// <summary>Someone else deletes an object; it is gone at once, whatever its finalizers.</summary>
    public void Remove(ResourceKind kind, NamespacedName name)
    {
        lock (_lock) _store.Remove(kind, name);
    }

    /// <summary>The server does not have the kind (any more): its watches end.</summary>
    public void LosesKind(ResourceKind kind)
    {
        lock (_lock)
        {
            _missing.Add(kind);
            foreach (var watch in _watches.Where(watch => watch.Kind == kind)) watch.End(null);
        }
    }

    public void GetsKind(ResourceKind kind)
    {
        lock (_lock) _missing.Remove(kind);
    }

    /// <summary>Ends all open watches: as the server does after their time, or with an error.</summary>
    public void EndWatches(KubernetesApiException? error = null)
    {
        lock (_lock)
        {
            foreach (var watch in _watches) watch.End(error);
        }
    }

    /// <summary>Forgets the history: whoever asks for an older version is told 410.</summary>
    public void Compact()
    {
        lock (_lock) _store.Compact();
    }

    /// <summary>No open watch says anything any more.</summary>
    public void SilenceWatches()
    {
        lock (_lock)
        {
            foreach (var watch in _watches) watch.IsSilent = true;
        }
    }

    /// <summary>Sends a bookmark on every open watch.</summary>
    public void SendBookmarks()
    {
        lock (_lock)
        {
            foreach (var watch in _watches) watch.SendBookmark(_store.Version);
        }
    }

    public Task<T> GetAsync<T>(
        ResourceKind kind, NamespacedName name, JsonTypeInfo<T> type, CancellationToken cancellationToken) =>
        Answer(new FakeRequest("get", kind, name), type, () => Existing(kind, name), cancellationToken);

    public Task<bool> IsServedAsync(ResourceKind kind, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (Fault?.Invoke(new FakeRequest("discover", kind, NamespacedName.ClusterScoped(""))) is { } fault) throw fault;
        lock (_lock) return Task.FromResult(!_missing.Contains(kind));
    }

    public Task<T> CreateAsync<T>(
        ResourceKind kind, string ns, JsonObject body, JsonTypeInfo<T> type, CancellationToken cancellationToken)
    {
        var name = FakeStore.NameOf(body) with { Namespace = ns };
        return Answer(new FakeRequest("create", kind, name, body.ToJsonString()), type, () =>
        {
            if (kind == KubernetesKinds.SelfSubjectAccessReview || kind == KubernetesKinds.SubjectAccessReview) return Review(body);
            if (ns.Length > 0) RequireLiving(ns);
            return _store.Find(kind, name) is null ? _store.Create(kind, name, body) : throw AlreadyExists(kind, name);
        }, cancellationToken);
    }

    public Task CheckCreateAsync(ResourceKind kind, string ns, JsonObject body, CancellationToken cancellationToken) =>
        Answer(new FakeRequest("check", kind, new NamespacedName(ns, "")), ClusterJson.Default.AnyObject, () =>
        {
            if (ns.Length > 0) RequireLiving(ns);
            return FakeStore.OnTheWire(body);
        }, cancellationToken);

    public Task<T> MergePatchAsync<T>(
        ResourceKind kind, NamespacedName name, JsonObject patch, JsonTypeInfo<T> type, CancellationToken cancellationToken) =>
        MergeAsync("patch", kind, name, patch, type, cancellationToken);

    public Task<T> MergePatchStatusAsync<T>(
        ResourceKind kind, NamespacedName name, JsonObject patch, JsonTypeInfo<T> type, CancellationToken cancellationToken) =>
        MergeAsync("patch status", kind, name, patch, type, cancellationToken);

    private Task<T> MergeAsync<T>(
        string verb, ResourceKind kind, NamespacedName name, JsonObject patch, JsonTypeInfo<T> type, CancellationToken cancellationToken) =>
        Answer(new FakeRequest(verb, kind, name, patch.ToJsonString()), type, () =>
        {
            var existing = Existing(kind, name);
            if ((string?)patch["metadata"]?["resourceVersion"] is { } version
                && version != (string?)existing["metadata"]!["resourceVersion"])
            {
                throw Conflict(kind, name, "the object has been modified; please apply your changes to the latest version");
            }
            if ((string?)patch["metadata"]?["uid"] is { } uid && uid != (string?)existing["metadata"]!["uid"])
                throw Conflict(kind, name, "the UID in the patch does not match");
            var after = existing.DeepClone().AsObject();
            FakeStore.Merge(after, patch);
            Mutate?.Invoke(kind, after);
            FakeApply.RequireFixedFields(existing, after);
            return _store.Update(kind, name, item => FakeApply.Replace(item, after));
        }, cancellationToken);

    public Task<T> ApplyAsync<T>(
        ResourceKind kind, NamespacedName name, JsonObject body, JsonTypeInfo<T> type, CancellationToken cancellationToken) =>
        Answer(new FakeRequest("apply", kind, name, body.ToJsonString()), type, () =>
        {
            if (name.Namespace.Length > 0) RequireLiving(name.Namespace);
            var admitted = FakeStore.OnTheWire(body);
            Mutate?.Invoke(kind, admitted);
            return _applied.Apply(_store, kind, name, admitted);
        }, cancellationToken);

    public Task DeleteAsync(
        ResourceKind kind, NamespacedName name, DeleteOptions options, CancellationToken cancellationToken) =>
        Answer(
            new FakeRequest("delete", kind, name, options.Uid ?? ""), ClusterJson.Default.AnyObject, () =>
        {
            var existing = Existing(kind, name);
            if (options.Uid is { } uid && (string?)existing["metadata"]!["uid"] != uid)
                throw Conflict(kind, name, $"the UID in the precondition ({uid}) does not match");
            if (options.ResourceVersion is { } version && (string?)existing["metadata"]!["resourceVersion"] != version)
                throw Conflict(kind, name, $"the ResourceVersion in the precondition ({version}) does not match");
            return _store.Delete(kind, name);
        }, cancellationToken);

    public Task DeleteCollectionAsync(
        ResourceKind kind, string ns, string labelSelector, CancellationToken cancellationToken) =>
        Answer(
            new FakeRequest("deletecollection", kind, new NamespacedName(ns, ""), labelSelector),
            ClusterJson.Default.AnyObject,
            () =>
            {
                foreach (var name in _store.Names(kind, ns, labelSelector)) _store.Delete(kind, name);
                return [];
            },
            cancellationToken);

    public Task PutSubresourceAsync(
        ResourceKind kind, NamespacedName name, string subresource, JsonObject? body, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var request = new FakeRequest("put", kind, name, $"{subresource} {body?.ToJsonString()}".TrimEnd());
        Note(request);
        (Subresource ?? throw NoKindMatch(kind))(name, subresource, FakeStore.OnTheWire(body ?? []));
        return LostAnswer?.Invoke(request) is { } lost ? Task.FromException(lost) : Task.CompletedTask;
    }

    public async Task<ListPage> ListAsync<T>(
        ResourceKind kind,
        string ns,
        ListQuery query,
        JsonTypeInfo<T> type,
        Action<ReadObject<T>> take,
        CancellationToken cancellationToken)
        where T : class, IKubernetesObject
    {
        await Task.Yield();
        cancellationToken.ThrowIfCancellationRequested();
        Note(new FakeRequest("list", kind, new NamespacedName(ns, ""), query.Continue ?? ""));
        (IReadOnlyList<JsonObject> Items, string ResourceVersion, string? Continue) page;
        lock (_lock) page = _store.List(kind, ns, query, MaxPage);
        foreach (var item in page.Items) take(FakeStore.Read(item, type));
        return new ListPage(page.ResourceVersion, page.Continue);
    }

    public Task<IAsyncEnumerable<WatchEvent<T>>> WatchAsync<T>(
        ResourceKind kind, string ns, ListQuery query, JsonTypeInfo<T> type, CancellationToken cancellationToken)
        where T : class, IKubernetesObject
    {
        cancellationToken.ThrowIfCancellationRequested();
        Note(new FakeRequest("watch", kind, new NamespacedName(ns, ""), query.ResourceVersion ?? ""));
        lock (_lock)
        {
            var watch = new FakeWatch(kind, ns, query.LabelSelector);
            _store.Follow(watch, query.ResourceVersion);
            _watches.RemoveAll(old => old.IsEnded);
            _watches.Add(watch);
            return Task.FromResult(watch.ReadAsync(type, cancellationToken));
        }
    }

    public static KubernetesApiException Error(ApiErrorReason reason, string message = "injected") => new(reason, message);

    public static KubernetesApiException NotFound(ResourceKind kind, NamespacedName name) =>
        Error(ApiErrorReason.NotFound, $"{kind} \"{name.Name}\" not found");

    public static KubernetesApiException Conflict(ResourceKind kind, NamespacedName name, string why) =>
        Error(ApiErrorReason.Conflict, $"Operation cannot be fulfilled on {kind} \"{name.Name}\": {why}");

    private static KubernetesApiException AlreadyExists(ResourceKind kind, NamespacedName name) =>
        Error(ApiErrorReason.AlreadyExists, $"{kind} \"{name.Name}\" already exists");

    private static KubernetesApiException NoKindMatch(ResourceKind kind) =>
        Error(ApiErrorReason.NoKindMatch, $"the cluster does not have this kind of object ({kind})");

    private JsonObject Review(JsonObject body) => new()
    {
        ["status"] = new JsonObject { ["allowed"] = Reviews?.Invoke(body["spec"]!["resourceAttributes"]!.AsObject()) ?? true },
    };

    private JsonObject Existing(ResourceKind kind, NamespacedName name) =>
        _store.Find(kind, name) ?? throw NotFound(kind, name);

    // As NamespaceLifecycle admits.
    private void RequireLiving(string ns)
    {
        var found = Existing(KubernetesKinds.Namespace, NamespacedName.ClusterScoped(ns));
        if (found["metadata"]!["deletionTimestamp"] is not null)
            throw Error(ApiErrorReason.Forbidden, $"unable to create new content in namespace {ns} because it is being terminated");
    }

    private void Note(FakeRequest request)
    {
        lock (_lock) _requests.Add(request);
        if (Fault?.Invoke(request) is { } fault) throw fault;
        lock (_lock)
        {
            if (_missing.Contains(request.Kind)) throw NoKindMatch(request.Kind);
        }
    }

    private async Task<T> Answer<T>(
        FakeRequest request, JsonTypeInfo<T> type, Func<JsonObject> act, CancellationToken cancellationToken)
    {
        await Task.Yield();
        cancellationToken.ThrowIfCancellationRequested();
        Note(request);
        JsonObject answer;
        lock (_lock) answer = act();
        if (request.Verb != "get" && LostAnswer?.Invoke(request) is { } lost) throw lost;
        try
        {
            return answer.Deserialize(type)!;
        }
        catch (JsonException e)
        {
            throw new KubernetesApiException(ApiErrorReason.Unreadable, $"{request.Kind} {request.Name} cannot be read: {e.Message}", inner: e);
        }
    }
}
