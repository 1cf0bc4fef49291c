using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using KubernetesSandbox.Cluster;

namespace OvimSpokeAgent.Sandbox.Tests.Cluster;

/// <summary>Whatever clients do at the same time, everyone sees one history.</summary>
public sealed class StoreConsistencyTests : IAsyncLifetime
{
    private const int Writers = 4;
    private const int WritesEach = 150;
    private const string Maps = "api/v1/namespaces/default/configmaps";

    private SandboxCluster _cluster = null!;

    public async Task InitializeAsync() => _cluster = await SandboxCluster.StartAsync();

    public async Task DisposeAsync() => await _cluster.DisposeAsync();

    [Fact]
    public async Task What_a_watch_tells_adds_up_to_what_a_list_shows()
    {
        using var client = new HttpClient { BaseAddress = _cluster.Url };
        using var all = await WatchConnection.OpenAsync(client, $"{Maps}?watch=1");
        using var some = await WatchConnection.OpenAsync(client, $"{Maps}?watch=1&labelSelector=even%3Dyes");

        await Task.WhenAll(Enumerable.Range(0, Writers).Select(seed => WriteAsync(client, seed)));
        _cluster.Objects("v1", "configmaps").Create(Map("end", 0));

        var listed = await ListAsync(client, $"{Maps}?limit=7");
        Assert.Equal(listed, await FollowAsync(all));
        Assert.Equal(await ListAsync(client, $"{Maps}?labelSelector=even%3Dyes"), await FollowAsync(some));
    }

    [Fact]
    public async Task Of_writers_that_count_none_is_lost()
    {
        using var client = new HttpClient { BaseAddress = _cluster.Url };
        _cluster.Objects("v1", "configmaps").Create(Map("counter", 0));

        await Task.WhenAll(Enumerable.Range(0, Writers).Select(_ => CountUpAsync(client, 25)));

        var counter = _cluster.Objects("v1", "configmaps").Get("default", "counter")!;
        Assert.Equal($"{Writers * 25}", (string?)counter["data"]!["n"]);
    }

    private static async Task WriteAsync(HttpClient client, int seed)
    {
        var random = new Random(seed);
        for (var i = 0; i < WritesEach; i++)
        {
            var name = $"m{random.Next(8)}";
            using var response = random.Next(4) switch
            {
                0 => await client.PostAsync(Relative(Maps), Body(Map(name, i), "application/json")),
                1 => await client.DeleteAsync(Relative($"{Maps}/{name}")),
                _ => await client.PatchAsync(Relative($"{Maps}/{name}"), Body(Map(name, i), "application/merge-patch+json")),
            };
            Assert.Contains(response.StatusCode, (HttpStatusCode[])[HttpStatusCode.OK, HttpStatusCode.Created, HttpStatusCode.NotFound, HttpStatusCode.Conflict]);
        }
    }

    private static async Task CountUpAsync(HttpClient client, int times)
    {
        while (times > 0)
        {
            var counter = JsonNode.Parse(await client.GetStringAsync(Relative($"{Maps}/counter")))!.AsObject();
            var next = int.Parse((string?)counter["data"]!["n"] ?? "", CultureInfo.InvariantCulture) + 1;
            counter["data"]!["n"] = next.ToString(CultureInfo.InvariantCulture);
            using var response = await client.PutAsync(Relative($"{Maps}/counter"), Body(counter, "application/json"));
            if (response.StatusCode == HttpStatusCode.OK) times--;
            else Assert.Equal(HttpStatusCode.Conflict, response.StatusCode);
        }
    }

    private static async Task<SortedDictionary<string, string>> FollowAsync(WatchConnection watch)
    {
        var seen = new SortedDictionary<string, string>(StringComparer.Ordinal);
        var last = 0L;
        while (!seen.ContainsKey("end"))
        {
            var change = (await watch.NextAsync())!;
            var (name, version) = Identity(change["object"]!);
            Assert.True(long.Parse(version, CultureInfo.InvariantCulture) > last, "versions rise from event to event");
            last = long.Parse(version, CultureInfo.InvariantCulture);
            switch ((string?)change["type"])
            {
                case "ADDED":
                    Assert.True(seen.TryAdd(name, version), $"{name} was added twice");
                    break;
                case "MODIFIED":
                    Assert.True(seen.ContainsKey(name), $"{name} changed before it was added");
                    seen[name] = version;
                    break;
                case var type:
                    Assert.Equal("DELETED", type);
                    Assert.True(seen.Remove(name), $"{name} was deleted twice");
                    break;
            }
        }
        return seen;
    }

    private static async Task<SortedDictionary<string, string>> ListAsync(HttpClient client, string path)
    {
        var listed = new SortedDictionary<string, string>(StringComparer.Ordinal);
        var next = "";
        do
        {
            var page = JsonNode.Parse(await client.GetStringAsync(Relative($"{path}&continue={next}")))!;
            foreach (var item in page["items"]!.AsArray()) listed.Add(Identity(item!).Name, Identity(item!).Version);
            next = (string?)page["metadata"]!["continue"] ?? "";
        }
        while (next.Length > 0);
        return listed;
    }

    private static (string Name, string Version) Identity(JsonNode item) =>
        ((string)item["metadata"]!["name"]!, (string)item["metadata"]!["resourceVersion"]!);

    private static JsonObject Map(string name, int n) => new()
    {
        ["metadata"] = new JsonObject
        {
            ["name"] = name,
            ["namespace"] = "default",
            ["labels"] = new JsonObject { ["even"] = n % 2 == 0 ? "yes" : "no" },
        },
        ["data"] = new JsonObject { ["n"] = n.ToString(CultureInfo.InvariantCulture) },
    };

    private static StringContent Body(JsonObject content, string type) => new(content.ToJsonString(), Encoding.UTF8, type);

    private static Uri Relative(string path) => new(path, UriKind.Relative);
}
