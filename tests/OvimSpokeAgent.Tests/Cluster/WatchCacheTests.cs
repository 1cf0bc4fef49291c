using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging.Abstractions;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Tests.VirtualMachines;

namespace OvimSpokeAgent.Tests.Cluster;

public sealed class WatchCacheTests : IAsyncDisposable
{
    private static readonly ResourceKind Kind = new("example.com", "v1", "widgets", "Widget");

    private readonly TestTime _time = new();
    private readonly FakeKubernetesApi _cluster;
    private readonly WatchCache<AnyObject, Widget> _cache;
    private readonly CancellationTokenSource _end = new();
    private Task _loop = Task.CompletedTask;

    public WatchCacheTests()
    {
        _cluster = new FakeKubernetesApi(_time);
        _cache = new WatchCache<AnyObject, Widget>(
            _cluster,
            new WatchSpec<AnyObject, Widget>
            {
                Kind = Kind,
                Type = ClusterJson.Default.AnyObject,
                Project = (item, now) => new Widget(item.Metadata.Key, item.Metadata.Label("color") ?? "", now),
                LabelSelector = "team=a",
            },
            _time,
            NullLogger.Instance);
    }

    [Fact]
    public async Task All_pages_of_a_list_are_read()
    {
        _cluster.MaxPage = 10;
        for (var i = 0; i < 95; i++) Has($"w{i}");

        await SyncAsync();

        Assert.Equal(95, _cache.Count);
        Assert.Equal(95, _cache.Items.Count);
        Assert.Equal(10, _cluster.RequestsWith("list").Count());
        Assert.Equal(CacheState.Synced, _cache.Status.State);
        Assert.Equal((_time.GetUtcNow(), _time.GetUtcNow()), (_cache.Status.LastSync, _cache.Status.LastEvent));
    }

    [Fact]
    public async Task Added_changed_and_deleted_objects_are_followed()
    {
        Has("old");
        await SyncAsync();
        var told = Follow();

        Has("new");
        Assert.Equal(("new", null, "red"), Next(told));
        Change("new", "blue");
        Assert.Equal(("new", "red", "blue"), Next(told));
        _cluster.Remove(Kind, Name("old"));
        Assert.Equal(("old", "red", null), Next(told));

        Assert.Equal("blue", _cache.Get(Name("new"))?.Color);
        Assert.Null(_cache.Get(Name("old")));
        Assert.Single(_cluster.RequestsWith("list"));
        Assert.Single(_cluster.RequestsWith("watch"));
    }

    [Fact]
    public async Task Object_that_ceases_to_match_the_selector_is_gone()
    {
        Has("w");
        await SyncAsync();

        _cluster.Change(Kind, Name("w"), item => item["metadata"]!["labels"]!["team"] = "b");

        await _cache.WaitUntilAsync(Name("w"), item => item is null, Limits.Token());
    }

    [Fact]
    public async Task Watch_that_ended_is_taken_up_from_the_last_version()
    {
        await SyncAsync();
        Has("a");
        await _cache.WaitUntilAsync(Name("a"), item => item is not null, Limits.Token());
        var version = VersionOf("a");

        _cluster.EndWatches();
        Has("b");
        await _time.UntilAsync(() => _cache.Get(Name("b")) is not null);

        Assert.Equal($"watch {Kind}  {version}", _cluster.RequestsWith("watch").Last());
        Assert.Single(_cluster.RequestsWith("list"));
        Assert.Equal(CacheState.Synced, _cache.Status.State);
    }

    [Fact]
    public async Task Bookmark_moves_the_version_to_go_on_from()
    {
        await SyncAsync();
        _cluster.HasNamespace("other"); // moves the server's version, not this kind's
        var before = _cache.Status.LastEvent;
        _time.Advance(TimeSpan.FromSeconds(30));

        _cluster.SendBookmarks();
        await Eventually.HoldsAsync(() => _cache.Status.LastEvent > before);
        _cluster.Compact(); // only the version of the bookmark is still known
        _cluster.EndWatches();
        Has("a");
        await _time.UntilAsync(() => _cache.Get(Name("a")) is not null);

        Assert.Single(_cluster.RequestsWith("list"));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Version_that_the_server_forgot_leads_to_a_new_list(bool asEvent)
    {
        Has("stays");
        Has("goes");
        await SyncAsync();
        var told = Follow();

        if (asEvent)
        {
            Forget();
            _cluster.EndWatches(FakeKubernetesApi.Error(ApiErrorReason.Expired));
        }
        else
        {
            _cluster.EndWatches();
            Forget();
        }
        await _time.UntilAsync(() => _cluster.RequestsWith("list").Count() == 2 && _cluster.OpenWatches == 1);

        Assert.Equal([("goes", "red", null), ("comes", null, "red")], told);
        Assert.Equal(CacheState.Synced, _cache.Status.State);

        void Forget()
        {
            _cluster.Remove(Kind, Name("goes"));
            Has("comes");
            _cluster.Compact();
        }
    }

    [Fact]
    public async Task List_that_expires_between_two_pages_begins_anew()
    {
        _cluster.MaxPage = 2;
        for (var i = 0; i < 5; i++) Has($"w{i}");
        var expired = false;
        _cluster.Fault = request =>
        {
            if (expired || request.Verb != "list" || request.Detail.Length == 0) return null;
            expired = true;
            return FakeKubernetesApi.Error(ApiErrorReason.Expired);
        };
        Start();

        await _time.UntilAsync(() => _cache.Status.LastSync is not null);

        Assert.Equal(5, _cache.Count);
    }

    [Fact]
    public async Task List_that_repeats_what_is_known_is_no_change()
    {
        Has("w");
        await SyncAsync();
        var seen = _cache.Get(Name("w"))!.SeenAt;
        var told = Follow();
        _time.Advance(TimeSpan.FromMinutes(1));

        _cluster.Compact();
        _cluster.HasNamespace("moves-the-version");
        _cluster.Compact();
        _cluster.EndWatches();
        await _time.UntilAsync(() => _cluster.RequestsWith("list").Count() == 2 && _cluster.OpenWatches == 1);

        Assert.Equal(seen, _cache.Get(Name("w"))!.SeenAt);
        Assert.Empty(told);
    }

    [Fact]
    public async Task What_was_known_stays_readable_while_the_server_is_away()
    {
        Has("w");
        await SyncAsync();
        _cluster.Fault = _ => FakeKubernetesApi.Error(ApiErrorReason.Unavailable, "no route to host");

        _cluster.EndWatches(FakeKubernetesApi.Error(ApiErrorReason.Unavailable, "reset"));
        await _time.UntilAsync(() => _cache.Status.State is CacheState.Failing);

        Assert.NotNull(_cache.Get(Name("w")));
        Assert.Equal("no route to host", _cache.Status.Problem);
        var since = _cache.Status.Since;
        await _time.UntilAsync(() => _cluster.RequestsWith("watch").Count() > 8);
        Assert.Equal(since, _cache.Status.Since);
        _cluster.Fault = null;
        await _time.UntilAsync(() => _cache.Status.State is CacheState.Synced);
        Assert.Single(_cluster.RequestsWith("list"));
    }

    [Fact]
    public async Task Retries_back_off_with_jitter_to_ten_seconds()
    {
        _cluster.Fault = _ => FakeKubernetesApi.Error(ApiErrorReason.Unavailable);
        Start();

        var waits = new List<TimeSpan>();
        for (var i = 0; i < 30; i++)
        {
            var wait = await _time.NextWaitAsync(TimeSpan.Zero, TimeSpan.FromMinutes(1));
            waits.Add(wait);
            _time.Advance(wait);
        }

        Assert.All(waits, wait => Assert.InRange(wait, TimeSpan.Zero, TimeSpan.FromSeconds(10)));
        Assert.InRange(waits[0], TimeSpan.Zero, TimeSpan.FromSeconds(1));
        Assert.All(waits[10..], wait => Assert.InRange(wait, TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(10)));
        Assert.True(waits.Distinct().Count() > 10);
    }

    [Theory]
    [InlineData(7, 7)]
    [InlineData(7200, 60)]
    public async Task Server_that_asks_to_wait_is_given_that_time_within_reason(int asked, int given)
    {
        _cluster.Fault = _ => new KubernetesApiException(
            ApiErrorReason.TooManyRequests, "busy", retryAfter: TimeSpan.FromSeconds(asked));
        Start();

        Assert.Equal(TimeSpan.FromSeconds(given), await _time.NextWaitAsync(TimeSpan.Zero, TimeSpan.FromDays(1)));
    }

    [Theory]
    [InlineData(ApiErrorReason.Forbidden)]
    [InlineData(ApiErrorReason.Unauthorized)]
    [InlineData(ApiErrorReason.Unreadable)]
    [InlineData(ApiErrorReason.Invalid)]
    public async Task Refusal_is_retried_too_and_told(object reason)
    {
        _cluster.Fault = _ => FakeKubernetesApi.Error((ApiErrorReason)reason, "not you");
        Start();

        await _time.UntilAsync(() => _cache.Status.State is CacheState.Failing);
        Assert.Equal("not you", _cache.Status.Problem);
        Assert.Null(_cache.Status.LastSync);
        _cluster.Fault = null;
        await _time.UntilAsync(() => _cache.Status.State is CacheState.Synced);
        Assert.Null(_cache.Status.Problem);
    }

    [Fact]
    public async Task One_watch_that_was_cut_is_no_news()
    {
        await SyncAsync();
        var states = new List<CacheState>();

        _cluster.EndWatches(FakeKubernetesApi.Error(ApiErrorReason.Unavailable, "reset"));
        await _time.UntilAsync(() =>
        {
            states.Add(_cache.Status.State);
            return _cluster.OpenWatches == 1;
        });

        Assert.DoesNotContain(CacheState.Failing, states);
    }

    [Fact]
    public async Task Watch_that_is_cut_again_and_again_backs_off_and_is_told_until_something_comes()
    {
        await SyncAsync();
        for (var i = 0; i < 6; i++)
        {
            _cluster.EndWatches(FakeKubernetesApi.Error(ApiErrorReason.Unavailable, "reset"));
            var wait = await _time.NextWaitAsync(TimeSpan.Zero, TimeSpan.FromSeconds(10));
            Assert.InRange(wait, TimeSpan.FromSeconds(Math.Min(Math.Pow(2, i - 1), 5)), TimeSpan.FromSeconds(Math.Min(Math.Pow(2, i), 10)));
            _time.Advance(wait);
            await Eventually.HoldsAsync(() => _cluster.OpenWatches == 1);
        }
        Assert.Equal((CacheState.Failing, "reset"), (_cache.Status.State, _cache.Status.Problem));

        Has("w");
        await _cache.WaitUntilAsync(Name("w"), item => item is not null, Limits.Token());

        Assert.Equal(CacheState.Synced, _cache.Status.State);
    }

    [Fact]
    public async Task Watch_from_which_nothing_comes_is_replaced()
    {
        Has("w");
        await SyncAsync();
        var version = VersionOf("w");
        await _time.NextWaitAsync(WatchCache<AnyObject, Widget>.SilenceLimit, WatchCache<AnyObject, Widget>.SilenceLimit);

        _time.Advance(WatchCache<AnyObject, Widget>.SilenceLimit);
        await _time.UntilAsync(() => _cluster.RequestsWith("watch").Count() == 2);

        Assert.Equal($"watch {Kind}  {version}", _cluster.RequestsWith("watch").Last());
        Assert.Equal(1, _cluster.OpenWatches);
        Assert.Equal(CacheState.Synced, _cache.Status.State);
    }

    [Fact]
    public async Task Watch_with_bookmarks_is_kept()
    {
        await SyncAsync();

        for (var i = 0; i < 10; i++)
        {
            _time.Advance(WatchCache<AnyObject, Widget>.SilenceLimit / 2);
            _cluster.SendBookmarks();
            await Eventually.HoldsAsync(() => _cache.Status.LastEvent == _time.GetUtcNow());
        }

        Assert.Single(_cluster.RequestsWith("watch"));
    }

    [Fact]
    public async Task Kind_that_is_missing_is_an_answer_and_picked_up_when_it_appears()
    {
        _cluster.LosesKind(Kind);
        Start();

        await _cache.WaitForFirstAnswerAsync(Limits.Token());
        Assert.Equal(CacheState.KindMissing, _cache.Status.State);
        Assert.Contains("does not have this kind", _cache.Status.Problem, StringComparison.Ordinal);
        var wait = await _time.NextWaitAsync(TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(1));
        Assert.InRange(wait, WatchCache<AnyObject, Widget>.KindMissingInterval / 2, WatchCache<AnyObject, Widget>.KindMissingInterval);
        _cluster.GetsKind(Kind);
        Has("w");
        _time.Advance(wait);
        await _cache.WaitUntilAsync(Name("w"), item => item is not null, Limits.Token());

        await Eventually.HoldsAsync(() => _cache.Status.State is CacheState.Synced);
        Assert.Equal(2, _cluster.RequestsWith("list").Count());
    }

    [Fact]
    public async Task Kind_that_went_takes_its_objects_with_it_at_the_second_look()
    {
        Has("w");
        await SyncAsync();
        var told = Follow();

        _cluster.LosesKind(Kind);
        await _time.UntilAsync(() => _cache.Status.State is CacheState.KindMissing);
        Assert.NotNull(_cache.Get(Name("w"))); // a server that just started may not know its kinds yet
        await _time.UntilAsync(() => _cache.Count == 0);

        Assert.Equal([("w", "red", null)], told);
        Assert.Equal(CacheState.KindMissing, _cache.Status.State);
    }

    [Fact]
    public async Task Kind_that_comes_back_before_the_second_look_has_lost_nothing()
    {
        Has("w");
        await SyncAsync();
        var told = Follow();

        _cluster.LosesKind(Kind);
        await _time.UntilAsync(() => _cache.Status.State is CacheState.KindMissing);
        _cluster.GetsKind(Kind);
        await _time.UntilAsync(() => _cache.Status.State is CacheState.Synced);

        Assert.Empty(told);
        Assert.Equal(1, _cache.Count);
    }

    [Fact]
    public async Task Subscriber_that_ended_is_told_no_more()
    {
        await SyncAsync();
        var (first, second) = (new List<string>(), new BlockingCollection<string>());
        var subscription = _cache.Subscribe(change => first.Add(change.Name.Name));
        _cache.Subscribe(change => second.Add(change.Name.Name));

        subscription.Dispose();
        Has("w");

        Assert.True(second.TryTake(out var name, Limits.Patience));
        Assert.Equal("w", name);
        Assert.Empty(first);
    }

    [Fact]
    public async Task First_answer_is_waited_for()
    {
        _cluster.Fault = _ => FakeKubernetesApi.Error(ApiErrorReason.Unavailable);
        Start();
        using var soon = new CancellationTokenSource();
        var waiting = _cache.WaitForFirstAnswerAsync(soon.Token);
        var alsoWaiting = _cache.WaitForFirstAnswerAsync(Limits.Token());
        await _time.UntilAsync(() => _cache.Status.State is CacheState.Failing);
        Assert.False(alsoWaiting.IsCompleted);

        await soon.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        _cluster.Fault = null;
        await _time.UntilAsync(() => alsoWaiting.IsCompletedSuccessfully);
    }

    [Fact]
    public async Task Loop_that_was_stopped_by_an_error_of_its_own_goes_on_where_it_was()
    {
        await SyncAsync();
        var subscription = _cache.Subscribe(_ => throw new InvalidOperationException("a subscriber's bug"));
        Has("a");
        await Assert.ThrowsAsync<InvalidOperationException>(() => _loop.WaitAsync(Limits.Patience));

        subscription.Dispose();
        _loop = _cache.RunAsync(_end.Token);
        Has("b");
        await _cache.WaitUntilAsync(Name("b"), item => item is not null, Limits.Token());

        Assert.NotNull(_cache.Get(Name("a")));
        Assert.Single(_cluster.RequestsWith("list"));
    }

    [Fact]
    public async Task Random_changes_and_faults_leave_the_cache_as_the_cluster_is()
    {
        var random = new Random(20261123);
        await SyncAsync();
        for (var i = 0; i < 400; i++)
        {
            var name = $"w{random.Next(20)}";
            switch (random.Next(10))
            {
                case < 4 when _cluster.Find(Kind, Name(name)) is null:
                    Has(name);
                    break;
                case < 6 when _cluster.Find(Kind, Name(name)) is not null:
                    Change(name, $"color-{i}");
                    break;
                case < 8 when _cluster.Find(Kind, Name(name)) is not null:
                    _cluster.Remove(Kind, Name(name));
                    break;
                case 8:
                    _cluster.EndWatches(random.Next(2) == 0 ? null : FakeKubernetesApi.Error(ApiErrorReason.Unavailable));
                    break;
                case 9:
                    _cluster.Compact();
                    break;
            }
            if (i % 10 == 0) _time.Advance(TimeSpan.FromSeconds(2));
        }

        await _time.UntilAsync(() => Enumerable.Range(0, 20).All(i =>
            (string?)_cluster.Find(Kind, Name($"w{i}"))?["metadata"]!["labels"]!["color"] == _cache.Get(Name($"w{i}"))?.Color));
    }

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        if (!_loop.IsFaulted) await _loop.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _end.Dispose();
    }

    private static NamespacedName Name(string name) => new("acme", name);

    private void Start() => _loop = _cache.RunAsync(_end.Token);

    private async Task SyncAsync()
    {
        Start();
        await _cache.WaitForFirstAnswerAsync(Limits.Token());
        await Eventually.HoldsAsync(() => _cluster.OpenWatches == 1);
    }

    private void Has(string name) => _cluster.Has(Kind, new JsonObject
    {
        ["metadata"] = new JsonObject
        {
            ["name"] = name,
            ["namespace"] = "acme",
            ["labels"] = new JsonObject { ["team"] = "a", ["color"] = "red" },
        },
    });

    private void Change(string name, string color) =>
        _cluster.Change(Kind, Name(name), item => item["metadata"]!["labels"]!["color"] = color);

    private string VersionOf(string name) => (string)_cluster.Find(Kind, Name(name))!["metadata"]!["resourceVersion"]!;

    private BlockingCollection<(string Name, string? Old, string? New)> Follow()
    {
        var told = new BlockingCollection<(string, string?, string?)>();
        _cache.Subscribe(change => told.Add((change.Name.Name, change.Old?.Color, change.New?.Color)));
        return told;
    }

    private static (string Name, string? Old, string? New) Next(BlockingCollection<(string, string?, string?)> told)
    {
        Assert.True(told.TryTake(out var next, Limits.Patience));
        return next;
    }

    private sealed record Widget(NamespacedName Name, string Color, DateTimeOffset SeenAt);
}
