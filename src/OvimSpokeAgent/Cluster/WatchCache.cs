using OvimSpokeAgent.Supervision;

namespace OvimSpokeAgent.Cluster;

/// <summary>
/// All objects of one kind, as far as they are used, kept current by one list and one watch. Readers never wait and
/// never cause a request. A watch that ends is taken up from the last version; only a version that the server forgot
/// (410) leads to a new list. While the server cannot be reached, what was known stays readable.
/// </summary>
internal sealed partial class WatchCache<TObject, TItem> : ILoop, IWatchCacheStatus
    where TObject : class, IKubernetesObject
    where TItem : class
{
    private const int PageSize = 100;

    // One cut watch is everyday life (load balancers, servers that restart) and no news; from the second on it is.
    private const int EmptyWatchesUntilFailing = 2;

    /// <summary>A watch from which nothing came for so long is replaced: resuming costs next to nothing.</summary>
    public static readonly TimeSpan SilenceLimit = TimeSpan.FromMinutes(10);

    /// <summary>The same where the server sends bookmarks, or may do so: it does about once a minute (its <c>defaultBookmarkFrequency</c>).</summary>
    public static readonly TimeSpan SilenceLimitWithBookmarks = TimeSpan.FromSeconds(110);

    /// <summary>How often a missing kind is looked for.</summary>
    public static readonly TimeSpan NoKindMatchInterval = TimeSpan.FromSeconds(15);

    /// <summary>How soon after it was not found it is looked for once more.</summary>
    public static readonly TimeSpan SecondLook = TimeSpan.FromSeconds(2);

    private static readonly TimeSpan MinWatch = TimeSpan.FromMinutes(30);
    private static readonly TimeSpan BriefWatch = TimeSpan.FromSeconds(5);

    private readonly IKubernetesApi _api;
    private readonly WatchSpec<TObject, TItem> _spec;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Jitter _jitter;
    private readonly Backoff _betweenTries;
    private readonly Backoff _betweenWatches;
    private readonly ObjectGuard _projected;
    private readonly ObjectGuard _told;

    private readonly CachedItems<TItem> _items;
    private volatile CacheStatus _status;
    private string? _resourceVersion;
    private long _events;
    private bool? _sendsBookmarks; // null: not known yet
    private int _emptyWatches; // in a row: ended at once, and nothing came

    public WatchCache(
        IKubernetesApi api,
        WatchSpec<TObject, TItem> spec,
        ObjectFailures failures,
        TimeProvider time,
        ILogger logger,
        Jitter? jitter = null)
    {
        (_api, _spec, _time, _logger, _jitter) = (api, spec, time, logger, jitter ?? Random.Shared.NextDouble);
        (_projected, _told) = (failures.At(Name), failures.At($"{Name}, subscribers"));
        _items = new CachedItems<TItem>(_told);
        _betweenTries = new Backoff(TimeSpan.FromMilliseconds(500), TimeSpan.FromSeconds(10), _jitter);
        _betweenWatches = new Backoff(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(10), _jitter);
        _status = new CacheStatus { Since = time.GetUtcNow() };
    }

    public string Name => $"cache {Holds}";

    public ResourceKind Kind => _spec.Kind;

    public string Holds => _spec.Which is { } which ? $"{Kind} {which}" : Kind.ToString();

    public bool IsOptional => _spec.IsOptional;

    public bool IsAwaited => _spec.IsAwaited;

    public CacheStatus Status => _status;

    public int Count => _items.Count;

    /// <summary>A snapshot of all items.</summary>
    public ICollection<TItem> Items => _items.All;

    /// <summary>The names of all items.</summary>
    public ICollection<NamespacedName> Names => _items.Names;

    /// <summary>The items of one namespace.</summary>
    public IEnumerable<TItem> ItemsIn(string ns) => _items.In(ns);

    /// <summary>The item, or null.</summary>
    public TItem? Get(NamespacedName name) => _items.Get(name)?.Item;

    /// <summary>Calls back for every change, on the cache's loop: must not block, the watch waits for it. Dispose to end it.</summary>
    public IDisposable Subscribe(Action<CacheChange<TItem>> onChange) => _items.Subscribe(onChange);

    /// <inheritdoc />
    public Task WaitForFirstAnswerAsync(CancellationToken cancellationToken) =>
        _items.WaitUntilAsync(() => _status.LastSync is not null || _status.State is CacheState.NoKindMatch, cancellationToken);

    /// <inheritdoc />
    public Task WaitForVerdictAsync(CancellationToken cancellationToken) =>
        _items.WaitUntilAsync(() => _status.LastSync is not null || _status.LacksKind, cancellationToken);

    /// <summary>Completes as soon as the item (null: there is none) is as wanted; at once if it already is.</summary>
    public async Task<TItem?> WaitUntilAsync(
        NamespacedName name, Func<TItem?, bool> isAsWanted, CancellationToken cancellationToken)
    {
        TItem? item = null;
        await _items.WaitUntilAsync(() => isAsWanted(item = Get(name)), cancellationToken);
        return item;
    }

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var eventsBefore = _events;
            long? opened = null;
            string? problem = null;
            try
            {
                var events = await _betweenTries.RetryAsync<IAsyncEnumerable<WatchEvent<TObject>>, KubernetesApiException>(
                    OpenAsync, IsTriedAgainAsync, _time, cancellationToken);
                opened = _time.GetTimestamp();
                await FollowAsync(events, cancellationToken);
            }
            catch (KubernetesApiException e) when (e.Reason is ApiErrorReason.NoKindMatch)
            {
                NoKindMatch(e.Message);
                _emptyWatches = 0;
                await Task.Delay(_jitter.UpTo(_status.LacksKind ? NoKindMatchInterval : SecondLook), _time, cancellationToken);
                continue;
            }
            catch (KubernetesApiException e)
            {
                if (e.Reason is ApiErrorReason.Expired) _resourceVersion = null;
                problem = e.Message;
            }
            var isEmpty = _events == eventsBefore && !(opened is { } at && _time.GetElapsedTime(at) >= BriefWatch);
            _emptyWatches = isEmpty ? _emptyWatches + 1 : 0;
            if (problem is not null && _emptyWatches >= EmptyWatchesUntilFailing) Failing(problem);
            await Task.Delay(_betweenWatches.After(_emptyWatches - 1), _time, cancellationToken);
        }
    }

    private ValueTask<Repeat?> IsTriedAgainAsync(KubernetesApiException e)
    {
        if (e.Reason is ApiErrorReason.Expired or ApiErrorReason.NoKindMatch) return new((Repeat?)null);
        Failing(e.Message);
        return new(new Repeat(e.RetryAfter));
    }

    /// <summary>Lists, if there is no version to go on from, and opens the watch.</summary>
    private async Task<IAsyncEnumerable<WatchEvent<TObject>>> OpenAsync(CancellationToken cancellationToken)
    {
        using var turn = LoopTurn.Begin();
        if (_spec.AsksWhetherServed && _status.State is not CacheState.Synced && !await _api.IsServedAsync(Kind, cancellationToken))
            throw new KubernetesApiException(ApiErrorReason.NoKindMatch, $"the cluster does not have {Kind}");
        if (_resourceVersion is null) await ListAsync(cancellationToken);
        var events = await _api.WatchAsync(
            Kind,
            _spec.Namespace,
            new ListQuery
            {
                LabelSelector = _spec.LabelSelector,
                FieldSelector = _spec.FieldSelector,
                ResourceVersion = _resourceVersion,
                Timeout = MinWatch + _jitter.UpTo(MinWatch),
            },
            _spec.Type,
            cancellationToken);
        if (_emptyWatches < EmptyWatchesUntilFailing) Heard();
        return events;
    }

    private async Task ListAsync(CancellationToken cancellationToken)
    {
        var listed = new Dictionary<NamespacedName, CachedItem<TItem>?>();
        var kept = 0;
        string? next = null;
        string version;
        do
        {
            var query = new ListQuery
            {
                LabelSelector = _spec.LabelSelector,
                FieldSelector = _spec.FieldSelector,
                Limit = PageSize,
                Continue = next,
            };
            (version, next) = await _api.ListAsync(
                Kind, _spec.Namespace, query, _spec.Type, item =>
                {
                    var isKept = (listed[item.Metadata.Key] = kept < _spec.MaxItems ? Keep(item) : null) is not null;
                    if (isKept) kept++;
                }, cancellationToken);
        }
        while (next is not null);

        var gone = _items.Names.Where(name => !listed.ContainsKey(name)).OrderBy(name => name.ToString(), StringComparer.Ordinal);
        foreach (var name in gone.ToList()) _items.Remove(name);
        foreach (var (name, item) in listed) _items.Put(name, item);
        foreach (var guard in (ObjectGuard[])[_projected, _told]) guard.RetainOnly(listed.Keys);
        _resourceVersion = version;
        var now = _time.GetUtcNow();
        Enter(CacheState.Synced, null, status => status with { LastSync = now, LastEvent = now });
    }

    private async Task FollowAsync(IAsyncEnumerable<WatchEvent<TObject>> events, CancellationToken cancellationToken)
    {
        var limit = _sendsBookmarks is false ? SilenceLimit : SilenceLimitWithBookmarks;
        using var silence = new CancellationTokenSource(limit, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(silence.Token, cancellationToken);
        try
        {
            await foreach (var (type, item) in events.WithCancellation(either.Token))
            {
                if (type is WatchEventType.Bookmark) (_sendsBookmarks, limit) = (true, SilenceLimitWithBookmarks);
                silence.CancelAfter(limit);
                Take(type, item);
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // The first that says nothing may be dead from its start; where the next one gets no bookmark either, none come.
            _sendsBookmarks ??= false;
            LogSilent(Kind, limit);
        }
    }

    private void Take(WatchEventType type, ReadObject<TObject> item)
    {
        using var turn = LoopTurn.Begin(); // who is called back must not block
        _events++;
        _emptyWatches = 0;
        if (item.Metadata.ResourceVersion is { Length: > 0 } version) _resourceVersion = version;
        if (type is WatchEventType.Deleted)
        {
            _projected.ClearFailure(item.Metadata.Key);
            _items.Remove(item.Metadata.Key);
        }
        else if (type is not WatchEventType.Bookmark) _items.Put(item.Metadata.Key, HasRoomFor(item.Metadata.Key) ? Keep(item) : null);
        Heard();
    }

    private bool HasRoomFor(NamespacedName name) => _items.Count < _spec.MaxItems || _items.Get(name) is not null;

    // What is kept of an object; null where nothing can be. A version that is known already is no change: the time at which it
    // was first seen stays.
    private CachedItem<TItem>? Keep(ReadObject<TObject> item)
    {
        var metadata = item.Metadata;
        var known = _items.Get(metadata.Key);
        if (known?.Version == metadata.ResourceVersion) return known;
        var now = _time.GetUtcNow();
        var kept = _projected.Run(
            metadata.Key,
            () => _spec.Project(item.Value, now),
            failure => _spec.Unreadable?.Invoke(new(metadata, failure.Message, now), known?.Item));
        return kept is null ? null : new CachedItem<TItem>(metadata.ResourceVersion, kept);
    }

    private void Heard()
    {
        var now = _time.GetUtcNow();
        Enter(CacheState.Synced, null, status => status with { LastEvent = now });
    }

    private void Failing(string problem)
    {
        var since = _status.State is CacheState.Failing ? _status.Since : _time.GetUtcNow();
        Enter(CacheState.Failing, problem, status => status with { Since = since });
    }

    private void NoKindMatch(string problem)
    {
        _resourceVersion = null;
        // An API server that just started may not know its custom kinds yet: only a second look decides.
        var isSure = _status.State is CacheState.NoKindMatch;
        if (isSure)
        {
            foreach (var name in _items.Names) _items.Remove(name);
            _projected.RetainOnly<NamespacedName>([]);
        }
        var wasSure = _status.LacksKind;
        Enter(CacheState.NoKindMatch, problem, status => status with { LastSync = null, LacksKind = isSure });
        if (isSure && !wasSure) _items.Wake();
    }

    // Every change of state is one log line; going on in a state is none.
    private void Enter(CacheState state, string? problem, Func<CacheStatus, CacheStatus> also)
    {
        var before = _status;
        _status = also(before with { State = state, Problem = problem, LacksKind = false });
        if (before.State == state) return;
        _status = _status with { Since = _time.GetUtcNow() };
        if (state is CacheState.Synced) LogSynced(Holds, Count);
        else LogNotSynced(state is CacheState.NoKindMatch && IsOptional ? LogLevel.Information : LogLevel.Warning, Holds, state, problem);
        _items.Wake();
    }

    [LoggerMessage(5001, LogLevel.Information, "Watching {Kind}: {Count} objects")]
    private partial void LogSynced(string kind, int count);

    [LoggerMessage(EventId = 5002, Message = "The cache of {Kind} is {State}: {Problem}")]
    private partial void LogNotSynced(LogLevel level, string kind, CacheState state, string? problem);

    [LoggerMessage(5003, LogLevel.Debug, "Watch of {Kind} idle for {Limit}, reconnecting")]
    private partial void LogSilent(ResourceKind kind, TimeSpan limit);
}
