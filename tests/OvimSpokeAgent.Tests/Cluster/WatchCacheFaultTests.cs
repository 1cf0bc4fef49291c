using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Tests.VirtualMachines;

namespace OvimSpokeAgent.Tests.Cluster;

/// <summary>Servers that fail, ask to wait, cut watches, fall silent, or do not have the kind.</summary>
public sealed class WatchCacheFaultTests : WatchCacheWorld
{
    [Fact]
    public async Task What_was_known_stays_readable_while_the_server_is_away()
    {
        Has("w");
        await SyncAsync();
        Api.Fault = _ => FakeKubernetesApi.Error(ApiErrorReason.Unavailable, "no route to host");

        Api.EndWatches(FakeKubernetesApi.Error(ApiErrorReason.Unavailable, "reset"));
        await Time.UntilAsync(() => Cache.Status.State is CacheState.Failing);

        Assert.NotNull(Cache.Get(Name("w")));
        Assert.Equal("no route to host", Cache.Status.Problem);
        var since = Cache.Status.Since;
        await Time.UntilAsync(() => Api.RequestsWith("watch").Count() > 8);
        Assert.Equal(since, Cache.Status.Since);
        Api.Fault = null;
        await Time.UntilAsync(() => Cache.Status.State is CacheState.Synced);
        Assert.Single(Api.RequestsWith("list"));
    }

    [Fact]
    public async Task Retries_back_off_with_jitter_to_ten_seconds()
    {
        Api.Fault = _ => FakeKubernetesApi.Error(ApiErrorReason.Unavailable);
        Start();

        var waits = new List<TimeSpan>();
        for (var i = 0; i < 30; i++)
        {
            var wait = await Time.NextWaitAsync(TimeSpan.Zero, TimeSpan.FromMinutes(1));
            waits.Add(wait);
            Time.Advance(wait);
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
        Api.Fault = _ => new KubernetesApiException(
            ApiErrorReason.TooManyRequests, "busy", retryAfter: TimeSpan.FromSeconds(asked));
        Start();

        Assert.Equal(TimeSpan.FromSeconds(given), await Time.NextWaitAsync(TimeSpan.Zero, TimeSpan.FromDays(1)));
    }

    [Theory]
    [InlineData(ApiErrorReason.Forbidden)]
    [InlineData(ApiErrorReason.Unauthorized)]
    [InlineData(ApiErrorReason.Unreadable)]
    [InlineData(ApiErrorReason.Invalid)]
    public async Task Refusal_is_retried_too_and_told(object reason)
    {
        Api.Fault = _ => FakeKubernetesApi.Error((ApiErrorReason)reason, "not you");
        Start();

        await Time.UntilAsync(() => Cache.Status.State is CacheState.Failing);
        Assert.Equal("not you", Cache.Status.Problem);
        Assert.Null(Cache.Status.LastSync);
        Api.Fault = null;
        await Time.UntilAsync(() => Cache.Status.State is CacheState.Synced);
        Assert.Null(Cache.Status.Problem);
    }

    [Fact]
    public async Task One_watch_that_was_cut_is_no_news()
    {
        await SyncAsync();
        var states = new List<CacheState>();

        Api.EndWatches(FakeKubernetesApi.Error(ApiErrorReason.Unavailable, "reset"));
        await Time.UntilAsync(() =>
        {
            states.Add(Cache.Status.State);
            return Api.OpenWatches == 1;
        });

        Assert.DoesNotContain(CacheState.Failing, states);
    }

    [Fact]
    public async Task Watch_that_is_cut_again_and_again_backs_off_and_is_told_until_something_comes()
    {
        await SyncAsync();
        for (var i = 0; i < 6; i++)
        {
            Api.EndWatches(FakeKubernetesApi.Error(ApiErrorReason.Unavailable, "reset"));
            var wait = await Time.NextWaitAsync(TimeSpan.Zero, TimeSpan.FromSeconds(10));
            Assert.InRange(wait, TimeSpan.FromSeconds(Math.Min(Math.Pow(2, i - 1), 5)), TimeSpan.FromSeconds(Math.Min(Math.Pow(2, i), 10)));
            Time.Advance(wait);
            await Eventually.HoldsAsync(() => Api.OpenWatches == 1);
        }
        Assert.Equal((CacheState.Failing, "reset"), (Cache.Status.State, Cache.Status.Problem));

        Has("w");
        await Cache.WaitUntilAsync(Name("w"), item => item is not null, Limits.Token());

        await Eventually.HoldsAsync(() => Cache.Status.State is CacheState.Synced);
    }

    [Fact]
    public async Task Watch_from_which_nothing_comes_is_replaced()
    {
        Has("w");
        await SyncAsync();
        var version = VersionOf("w");
        foreach (var (watches, limit) in new[]
        {
            (2, WatchCache<AnyObject, Widget>.SilenceLimitWithBookmarks), (3, WatchCache<AnyObject, Widget>.SilenceLimit), (4, WatchCache<AnyObject, Widget>.SilenceLimit),
        })
        {
            await Time.NextWaitAsync(limit, limit);
            Time.Advance(limit);
            await Time.UntilAsync(() => Api.RequestsWith("watch").Count() == watches);
        }

        Assert.Equal($"watch {Kind}  {version}", Api.RequestsWith("watch").Last());
        Assert.Equal(1, Api.OpenWatches);
        Assert.Equal(CacheState.Synced, Cache.Status.State);
    }

    [Fact]
    public async Task Silence_is_noticed_within_two_minutes_where_bookmarks_come()
    {
        await SyncAsync();
        Api.SendBookmarks();
        await Eventually.HoldsAsync(() => Cache.Status.LastEvent == Time.GetUtcNow());
        Api.SilenceWatches();
        Has("new");

        Time.Advance(TimeSpan.FromMinutes(2));
        await Time.UntilAsync(() => Cache.Get(Name("new")) is not null);
    }

    [Fact]
    public async Task Watch_that_is_dead_from_its_start_is_noticed_within_two_minutes()
    {
        await SyncAsync();
        Api.SilenceWatches();
        Has("new");

        Time.Advance(TimeSpan.FromMinutes(2));
        await Time.UntilAsync(() => Cache.Get(Name("new")) is not null);
    }

    [Fact]
    public async Task Watch_with_bookmarks_is_kept()
    {
        await SyncAsync();

        for (var i = 0; i < 10; i++)
        {
            Time.Advance(WatchCache<AnyObject, Widget>.SilenceLimitWithBookmarks / 2);
            Api.SendBookmarks();
            await Eventually.HoldsAsync(() => Cache.Status.LastEvent == Time.GetUtcNow());
        }

        Assert.Single(Api.RequestsWith("watch"));
    }

    [Fact]
    public async Task Kind_that_is_missing_is_an_answer_and_picked_up_when_it_appears()
    {
        Api.LosesKind(Kind);
        Start();

        await Cache.WaitForFirstAnswerAsync(Limits.Token());
        Assert.Equal(CacheState.NoKindMatch, Cache.Status.State);
        Assert.Contains("does not have this kind", Cache.Status.Problem, StringComparison.Ordinal);
        Assert.False(Cache.Status.LacksKind);
        var verdict = Cache.WaitForVerdictAsync(Limits.Token());
        Assert.False(verdict.IsCompleted);
        var second = WatchCache<AnyObject, Widget>.SecondLook;
        Time.Advance(await Time.NextWaitAsync(second / 2, second));
        await verdict;
        Assert.True(Cache.Status.LacksKind);
        var wait = await Time.NextWaitAsync(TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(1));
        Assert.InRange(wait, WatchCache<AnyObject, Widget>.NoKindMatchInterval / 2, WatchCache<AnyObject, Widget>.NoKindMatchInterval);
        Api.GetsKind(Kind);
        Has("w");
        Time.Advance(wait);
        await Cache.WaitUntilAsync(Name("w"), item => item is not null, Limits.Token());

        await Eventually.HoldsAsync(() => Cache.Status.State is CacheState.Synced);
        Assert.False(Cache.Status.LacksKind);
        Assert.Equal(3, Api.RequestsWith("list").Count());
    }

    [Fact]
    public async Task Kind_that_went_takes_its_objects_with_it_at_the_second_look()
    {
        Has("w");
        await SyncAsync();
        var told = Follow();

        Api.LosesKind(Kind);
        await Time.UntilAsync(() => Cache.Status.State is CacheState.NoKindMatch);
        Assert.NotNull(Cache.Get(Name("w"))); // a server that just started may not know its kinds yet
        await Time.UntilAsync(() => Cache.Count == 0);

        Assert.Equal([("w", "red", null)], told);
        Assert.Equal(CacheState.NoKindMatch, Cache.Status.State);
    }

    [Fact]
    public async Task Kind_that_comes_back_before_the_second_look_has_lost_nothing()
    {
        Has("w");
        await SyncAsync();
        var told = Follow();

        Api.LosesKind(Kind);
        await Time.UntilAsync(() => Cache.Status.State is CacheState.NoKindMatch);
        Api.GetsKind(Kind);
        await Time.UntilAsync(() => Cache.Status.State is CacheState.Synced);

        Assert.Empty(told);
        Assert.Equal(1, Cache.Count);
    }

    [Fact]
    public async Task Subscriber_that_throws_costs_neither_the_cache_nor_other_subscribers()
    {
        await SyncAsync();
        Cache.Subscribe(change =>
        {
            if (change.Name == Name("a")) throw new InvalidOperationException("a subscriber's bug");
        });
        var told = Follow();

        Has("a");
        Has("b");
        Assert.Equal(("a", null, "red"), Next(told));
        Assert.Equal(("b", null, "red"), Next(told));

        var place = Assert.Single(Failures.FailingPlaces);
        Assert.Equal(
            ("cache widgets.example.com, subscribers", "acme/a", "a subscriber's bug"),
            (place.Place, place.Current.Failures.Single().Name, place.Current.Failures.Single().Message));
        Assert.Single(Api.RequestsWith("list"));
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
                case < 4 when Api.Find(Kind, Name(name)) is null:
                    Has(name);
                    break;
                case < 6 when Api.Find(Kind, Name(name)) is not null:
                    Change(name, $"color-{i}");
                    break;
                case < 8 when Api.Find(Kind, Name(name)) is not null:
                    Api.Remove(Kind, Name(name));
                    break;
                case 8:
                    Api.EndWatches(random.Next(2) == 0 ? null : FakeKubernetesApi.Error(ApiErrorReason.Unavailable));
                    break;
                case 9:
                    Api.Compact();
                    break;
            }
            if (i % 10 == 0) Time.Advance(TimeSpan.FromSeconds(2));
        }

        await Time.UntilAsync(() => Enumerable.Range(0, 20).All(i =>
            (string?)Api.Find(Kind, Name($"w{i}"))?["metadata"]!["labels"]!["color"] == Cache.Get(Name($"w{i}"))?.Color));
    }
}
