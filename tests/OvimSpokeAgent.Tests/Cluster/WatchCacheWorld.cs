using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging.Abstractions;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Supervision;
using OvimSpokeAgent.Tests.Supervision;
using OvimSpokeAgent.Tests.VirtualMachines;

namespace OvimSpokeAgent.Tests.Cluster;

/// <summary>A cache of one kind over an API server in memory, on a clock that the test moves.</summary>
public abstract class WatchCacheWorld : IAsyncDisposable
{
    private protected static readonly ResourceKind Kind = new("example.com", "v1", "widgets", "Widget");

    private protected TestTime Time { get; } = new();

    private protected FakeKubernetesApi Api { get; }

    private protected ObjectFailures Failures { get; }

    private protected WatchCache<AnyObject, Widget> Cache { get; }

    private protected CancellationTokenSource End { get; } = new();

    private protected Task Loop { get; set; } = Task.CompletedTask;

    private protected WatchCacheWorld()
    {
        Api = new FakeKubernetesApi(Time);
        Failures = TestFailures.Create(Time);
        Cache = new WatchCache<AnyObject, Widget>(
            Api,
            new WatchSpec<AnyObject, Widget>
            {
                Kind = Kind,
                Type = ClusterJson.Default.AnyObject,
                Project = (item, now) => item.Metadata.Label("color") == Cursed
                    ? throw new OverflowException("too large")
                    : item.Metadata.Label("color") == "none"
                        ? null
                        : new Widget(item.Metadata.Key, item.Metadata.Label("color") ?? "", now),
                Unreadable = (item, before) => KeepsUnreadable ? new Widget(item.Metadata.Key, $"{before?.Color}?", item.SeenAt) : null,
                LabelSelector = "team=a",
            },
            Failures,
            Time,
            NullLogger.Instance);
    }

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        await End.CancelAsync();
        if (!Loop.IsFaulted) await Loop.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        End.Dispose();
    }

    /// <summary>The color of a widget that the projection fails at.</summary>
    private protected const string Cursed = "cursed";

    /// <summary>Whether something is kept of what cannot be read.</summary>
    private protected bool KeepsUnreadable { get; set; }

    private protected IEnumerable<string> Failing() =>
        Failures.FailingPlaces.SelectMany(place => place.Current.Failures.Select(failure => $"{place.Place}: {failure.Name}"));

    private protected static NamespacedName Name(string name) => new("acme", name);

    private protected void Start() => Loop = Cache.RunAsync(End.Token);

    private protected async Task SyncAsync()
    {
        Start();
        await Cache.WaitForFirstAnswerAsync(Limits.Token());
        await Eventually.HoldsAsync(() => Api.OpenWatches == 1);
    }

    private protected void Has(string name) => Api.Has(Kind, new JsonObject
    {
        ["metadata"] = new JsonObject
        {
            ["name"] = name,
            ["namespace"] = "acme",
            ["labels"] = new JsonObject { ["team"] = "a", ["color"] = "red" },
        },
    });

    private protected void Change(string name, string color) =>
        Api.Change(Kind, Name(name), item => item["metadata"]!["labels"]!["color"] = color);

    private protected string VersionOf(string name) => (string)Api.Find(Kind, Name(name))!["metadata"]!["resourceVersion"]!;

    private protected BlockingCollection<(string Name, string? Old, string? New)> Follow()
    {
        var told = new BlockingCollection<(string, string?, string?)>();
        Cache.Subscribe(change => told.Add((change.Name.Name, change.Old?.Color, change.New?.Color)));
        return told;
    }

    private protected static (string Name, string? Old, string? New) Next(BlockingCollection<(string, string?, string?)> told)
    {
        Assert.True(told.TryTake(out var next, Limits.Patience));
        return next;
    }

    private protected sealed record Widget(NamespacedName Name, string Color, DateTimeOffset SeenAt);
}
