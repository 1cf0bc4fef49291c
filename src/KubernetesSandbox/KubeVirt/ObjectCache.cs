using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace KubernetesSandbox.KubeVirt;

/// <summary>
/// All objects of a kind, kept current by a list and a watch, and by what the controllers wrote themselves. The objects
/// are shared: copy before changing.
/// </summary>
internal sealed partial class ObjectCache(
    ApiClient api, Kind kind, Func<string, bool> isWatched, ILogger logger)
{
    private const int PageSize = 500;
    private const int WatchSeconds = 3600;
    private static readonly TimeSpan Retry = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan SilenceLimit = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan KindMissingRetry = TimeSpan.FromSeconds(2);

    private readonly ConcurrentDictionary<ObjectName, JsonObject> _items = [];
    private readonly Lock _lock = new();
    private readonly TaskCompletionSource _answered = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private ulong _watchedUpTo;
    private string? _version;
    private string? _problem;

    /// <summary>Tells of each object that came, changed or went.</summary>
    public event Action<JsonObject>? Changed;

    public Kind Kind => kind;

    public IEnumerable<JsonObject> Items => _items.Values;

    /// <summary>Completes when the objects were listed, or the server said that it does not have the kind.</summary>
    public Task Answered => _answered.Task;

    public JsonObject? Get(ObjectName name) => _items.GetValueOrDefault(name);

    /// <summary>The owner is there: itself, not a namesake.</summary>
    public bool Has(Owner owner) => Get(owner.Name)?.UidOf() == owner.Uid;

    /// <summary>Takes in what the server answered to a write, unless the watch is past it already.</summary>
    public void Observe(JsonObject item)
    {
        lock (_lock)
        {
            if (item.VersionOf() <= _watchedUpTo || item.VersionOf() <= (Get(item.NameOf())?.VersionOf() ?? 0)) return;
            _items[item.NameOf()] = item;
        }
        Changed?.Invoke(item);
    }

    /// <summary>Lists and watches until it is cancelled; whatever breaks is tried again.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var pause = Retry;
            try
            {
                if (_version is null) await ListAsync(cancellationToken);
                await FollowAsync(cancellationToken);
            }
            catch (RefusedException e) when (e.IsExpired)
            {
                _version = null;
            }
            catch (RefusedException e) when (e.IsNotFound)
            {
                _version = null;
                _answered.TrySetResult();
                Failing($"the server does not have {kind}");
                pause = KindMissingRetry;
            }
            catch (Exception e) when (e is RefusedException or HttpRequestException or IOException or JsonException)
            {
                Failing(e.Message);
            }
            // The clock of the simulation may stand still: the connection lives in real time.
            await Task.Delay(pause, TimeProvider.System, cancellationToken);
        }
    }

    private async Task ListAsync(CancellationToken cancellationToken)
    {
        var listed = new Dictionary<ObjectName, JsonObject>();
        string? next = null;
        do
        {
            var path = $"{kind.Path("")}?limit={PageSize}";
            if (next is { Length: > 0 }) path += $"&continue={Uri.EscapeDataString(next)}";
            var page = await api.GetAsync(path, cancellationToken);
            foreach (var item in page.Objects("items"))
            {
                // The items of a list do not say what they are.
                var whole = item.Copy();
                whole["apiVersion"] = kind.ApiVersion;
                whole["kind"] = kind.Name;
                if (isWatched(whole.NameOf().Namespace)) listed[whole.NameOf()] = whole;
            }
            next = page.Text("metadata", "continue");
            _version = page.Text("metadata", "resourceVersion");
        }
        while (next is { Length: > 0 });

        lock (_lock) _watchedUpTo = ulong.Parse(_version ?? "0", CultureInfo.InvariantCulture);
        foreach (var (name, gone) in _items.Where(item => !listed.ContainsKey(item.Key)).ToList()) Remove(name, gone);
        foreach (var item in listed.Values) Put(item);
        _answered.TrySetResult();
    }

    private async Task FollowAsync(CancellationToken cancellationToken)
    {
        var path = $"{kind.Path("")}?watch=true&allowWatchBookmarks=true&timeoutSeconds={WatchSeconds}"
            + $"&resourceVersion={_version}";
        using var silence = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        silence.CancelAfter(SilenceLimit);
        try
        {
            await foreach (var change in api.WatchAsync(path, silence.Token))
            {
                silence.CancelAfter(SilenceLimit);
                Take(change);
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // Nothing came for long, not even a bookmark: the connection may be dead.
        }
    }

    private void Take(JsonObject change)
    {
        if (change["object"] is not JsonObject item) throw new JsonException("a watch event without an object");
        var type = change.Text("type");
        if (type is "ERROR") throw RefusedException.From(item, 500);
        _problem = null;
        _version = item.Text("metadata", "resourceVersion");
        lock (_lock) _watchedUpTo = Math.Max(_watchedUpTo, item.VersionOf());
        if (type is "BOOKMARK" || !isWatched(item.NameOf().Namespace)) return;
        if (type is "DELETED") Remove(item.NameOf(), item);
        else Put(item);
    }

    private void Put(JsonObject item)
    {
        lock (_lock)
        {
            if (Get(item.NameOf()) is { } known && known.VersionOf() > item.VersionOf()) return;
            _items[item.NameOf()] = item;
        }
        Changed?.Invoke(item);
    }

    private void Remove(ObjectName name, JsonObject gone)
    {
        lock (_lock)
        {
            // A namesake made since stays.
            if (Get(name)?.UidOf() == gone.UidOf()) _items.TryRemove(name, out _);
        }
        Changed?.Invoke(gone);
    }

    // One line for what goes on failing in the same way.
    private void Failing(string problem)
    {
        if (problem == _problem) return;
        _problem = problem;
        LogFailing(logger, kind, problem);
    }

    [LoggerMessage(8001, LogLevel.Warning, "Watching {Kind}: {Problem}")]
    private static partial void LogFailing(ILogger logger, Kind kind, string problem);
}
