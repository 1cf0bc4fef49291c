using System.Collections.Concurrent;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Supervision;
using OvimSpokeAgent.Tests.VirtualMachines;

namespace OvimSpokeAgent.Tests.Cluster;

public sealed class WatchCacheTests : WatchCacheWorld
{
    [Fact]
    public async Task All_pages_of_a_list_are_read()
    {
        Api.MaxPage = 10;
        for (var i = 0; i < 95; i++) Has($"w{i}");

        await SyncAsync();

        Assert.Equal(95, Cache.Count);
        Assert.Equal(95, Cache.Items.Count);
        Assert.Equal(10, Api.RequestsWith("list").Count());
        Assert.Equal(CacheState.Synced, Cache.Status.State);
        Assert.Equal((Time.GetUtcNow(), Time.GetUtcNow()), (Cache.Status.LastSync, Cache.Status.LastEvent));
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
        Api.Remove(Kind, Name("old"));
        Assert.Equal(("old", "red", null), Next(told));

        Assert.Equal("blue", Cache.Get(Name("new"))?.Color);
        Assert.Null(Cache.Get(Name("old")));
        Assert.Single(Api.RequestsWith("list"));
        Assert.Single(Api.RequestsWith("watch"));
    }

    [Fact]
    public async Task Change_that_is_never_through_makes_the_loop_stand_still()
    {
        var turns = new LoopTurns(Time);
        LoopTurns.Current = turns; // as its supervisor does
        await SyncAsync();
        var (isTold, mayGoOn) = (new TaskCompletionSource(), new TaskCompletionSource());
        using var subscription = Cache.Subscribe(_ =>
        {
            isTold.TrySetResult();
            mayGoOn.Task.Wait(Limits.Patience);
        });
        Assert.Equal(TimeSpan.Zero, turns.StandStillFor);

        var change = Task.Run(() => Has("w"));
        await isTold.Task.WaitAsync(Limits.Patience);
        Time.Advance(LoopTurn.Limit);

        Assert.Equal(LoopTurn.Limit, turns.StandStillFor);
        mayGoOn.SetResult();
        await change;
        await Cache.WaitUntilAsync(Name("w"), item => item is not null, Limits.Token());
        await Eventually.HoldsAsync(() => turns.StandStillFor == TimeSpan.Zero);
    }

    [Fact]
    public async Task Object_that_ceases_to_match_the_selector_is_gone()
    {
        Has("w");
        await SyncAsync();

        Api.Change(Kind, Name("w"), item => item["metadata"]!["labels"]!["team"] = "b");

        await Cache.WaitUntilAsync(Name("w"), item => item is null, Limits.Token());
    }

    [Fact]
    public async Task Object_of_which_nothing_is_used_is_not_kept()
    {
        Has("kept");
        Has("other");
        Change("other", "none");
        await SyncAsync();
        var told = Follow();
        Assert.Equal(1, Cache.Count);

        Change("kept", "none");
        Assert.Equal(("kept", "red", null), Next(told));
        Change("other", "blue");
        Assert.Equal(("other", null, "blue"), Next(told));

        Assert.Equal(1, Cache.Count);
    }

    [Fact]
    public async Task Watch_that_ended_is_taken_up_from_the_last_version()
    {
        await SyncAsync();
        Has("a");
        await Cache.WaitUntilAsync(Name("a"), item => item is not null, Limits.Token());
        var version = VersionOf("a");

        Api.EndWatches();
        Has("b");
        await Time.UntilAsync(() => Cache.Get(Name("b")) is not null);

        Assert.Equal($"watch {Kind}  {version}", Api.RequestsWith("watch").Last());
        Assert.Single(Api.RequestsWith("list"));
        Assert.Equal(CacheState.Synced, Cache.Status.State);
    }

    [Fact]
    public async Task Bookmark_moves_the_version_to_go_on_from()
    {
        await SyncAsync();
        Api.HasNamespace("other"); // moves the server's version, not this kind's
        var before = Cache.Status.LastEvent;
        Time.Advance(TimeSpan.FromSeconds(30));

        Api.SendBookmarks();
        await Eventually.HoldsAsync(() => Cache.Status.LastEvent > before);
        Api.Compact(); // only the version of the bookmark is still known
        Api.EndWatches();
        Has("a");
        await Time.UntilAsync(() => Cache.Get(Name("a")) is not null);

        Assert.Single(Api.RequestsWith("list"));
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
            Api.EndWatches(FakeKubernetesApi.Error(ApiErrorReason.Expired));
        }
        else
        {
            Api.EndWatches();
            Forget();
        }
        await Time.UntilAsync(() => Api.RequestsWith("list").Count() == 2 && Api.OpenWatches == 1);

        Assert.Equal([("goes", "red", null), ("comes", null, "red")], told);
        Assert.Equal(CacheState.Synced, Cache.Status.State);

        void Forget()
        {
            Api.Remove(Kind, Name("goes"));
            Has("comes");
            Api.Compact();
        }
    }

    [Fact]
    public async Task List_that_expires_between_two_pages_begins_anew()
    {
        Api.MaxPage = 2;
        for (var i = 0; i < 5; i++) Has($"w{i}");
        var expired = false;
        Api.Fault = request =>
        {
            if (expired || request.Verb != "list" || request.Detail.Length == 0) return null;
            expired = true;
            return FakeKubernetesApi.Error(ApiErrorReason.Expired);
        };
        Start();

        await Time.UntilAsync(() => Cache.Status.LastSync is not null);

        Assert.Equal(5, Cache.Count);
    }

    [Fact]
    public async Task List_that_repeats_what_is_known_is_no_change()
    {
        Has("w");
        await SyncAsync();
        var seen = Cache.Get(Name("w"))!.SeenAt;
        var told = Follow();
        Time.Advance(TimeSpan.FromMinutes(1));

        Api.Compact();
        Api.HasNamespace("moves-the-version");
        Api.Compact();
        Api.EndWatches();
        await Time.UntilAsync(() => Api.RequestsWith("list").Count() == 2 && Api.OpenWatches == 1);

        Assert.Equal(seen, Cache.Get(Name("w"))!.SeenAt);
        Assert.Empty(told);
    }

    [Fact]
    public async Task Subscriber_that_ended_is_told_no_more()
    {
        await SyncAsync();
        var (first, second) = (new List<string>(), new BlockingCollection<string>());
        var subscription = Cache.Subscribe(change => first.Add(change.Name.Name));
        Cache.Subscribe(change => second.Add(change.Name.Name));

        subscription.Dispose();
        Has("w");

        Assert.True(second.TryTake(out var name, Limits.Patience));
        Assert.Equal("w", name);
        Assert.Empty(first);
    }

    [Fact]
    public async Task First_answer_is_waited_for()
    {
        Api.Fault = _ => FakeKubernetesApi.Error(ApiErrorReason.Unavailable);
        Start();
        using var soon = new CancellationTokenSource();
        var waiting = Cache.WaitForFirstAnswerAsync(soon.Token);
        var alsoWaiting = Cache.WaitForFirstAnswerAsync(Limits.Token());
        await Time.UntilAsync(() => Cache.Status.State is CacheState.Failing);
        Assert.False(alsoWaiting.IsCompleted);

        await soon.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        Api.Fault = null;
        await Time.UntilAsync(() => alsoWaiting.IsCompletedSuccessfully);
    }
}
