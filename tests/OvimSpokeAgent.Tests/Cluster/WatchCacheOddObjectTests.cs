using System.Text.Json.Nodes;
using OvimSpokeAgent.Cluster;

namespace OvimSpokeAgent.Tests.Cluster;

/// <summary>Objects that cannot be read, or that the projection fails at: each costs itself alone.</summary>
public sealed class WatchCacheOddObjectTests : WatchCacheWorld
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Object_of_a_list_costs_itself_alone(bool isUnreadable)
    {
        Has("a");
        HasOdd("b", isUnreadable);
        Has("c");

        await SyncAsync();

        Assert.Equal(CacheState.Synced, Cache.Status.State);
        Assert.Equal(["a", "c"], Cache.Items.Select(item => item.Name.Name).Order());
        Assert.Equal(["cache widgets.example.com: acme/b"], Failing());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Object_of_a_watch_costs_itself_alone_until_it_is_well_again(bool isUnreadable)
    {
        Has("a");
        await SyncAsync();
        var told = Follow();

        HasOdd("b", isUnreadable);
        Has("c");
        Assert.Equal(("c", null, "red"), Next(told));
        Assert.Equal(["cache widgets.example.com: acme/b"], Failing());
        Change("b", "blue");
        Assert.Equal(("b", null, "blue"), Next(told));

        Assert.Empty(Failing());
        Assert.Single(Api.RequestsWith("list"));
        Assert.Single(Api.RequestsWith("watch"));
    }

    [Fact]
    public async Task Object_that_goes_bad_is_as_good_as_gone()
    {
        Has("a");
        await SyncAsync();
        var told = Follow();

        Change("a", Cursed);

        Assert.Equal(("a", "red", null), Next(told));
        Assert.Equal(0, Cache.Count);
    }

    [Fact]
    public async Task Something_of_an_object_that_goes_bad_can_be_kept()
    {
        KeepsUnreadable = true;
        Has("a");
        HasOdd("b", isUnreadable: true);
        await SyncAsync();
        var told = Follow();

        Change("a", Cursed);

        Assert.Equal(("a", "red", "red?"), Next(told));
        Assert.Equal("?", Cache.Get(Name("b"))?.Color);
    }

    [Fact]
    public async Task Bad_object_that_is_gone_fails_no_more()
    {
        HasOdd("a", isUnreadable: true);
        HasOdd("b", isUnreadable: true);
        await SyncAsync();

        Api.Remove(Kind, Name("a"));
        await Eventually.HoldsAsync(() => Failing().SequenceEqual(["cache widgets.example.com: acme/b"]));
        Api.EndWatches();
        Api.Remove(Kind, Name("b"));
        Api.Compact();

        await Time.UntilAsync(() => Api.RequestsWith("list").Count() == 2 && !Failing().Any());
    }

    private void HasOdd(string name, bool isUnreadable) => Api.Has(Kind, new JsonObject
    {
        ["metadata"] = new JsonObject
        {
            ["name"] = name,
            ["namespace"] = "acme",
            ["labels"] = new JsonObject { ["team"] = "a", ["color"] = isUnreadable ? new JsonArray(7) : Cursed },
        },
    });
}
