using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using KubernetesSandbox.Cluster;
using Microsoft.Extensions.Time.Testing;

namespace OvimSpokeAgent.Sandbox.Tests.Cluster;

public sealed class SandboxClusterTests : IAsyncLifetime, IDisposable
{
    private const string Maps = "api/v1/namespaces/default/configmaps";
    private const string Vms = "apis/kubevirt.io/v1/namespaces/default/virtualmachines";

    private readonly CancellationTokenSource _patience = new(TimeSpan.FromSeconds(60));
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 5, 1, 12, 0, 0, TimeSpan.Zero));
    private SandboxCluster _cluster = null!;
    private HttpClient _client = null!;

    public async Task InitializeAsync()
    {
        _cluster = await SandboxCluster.StartAsync(new SandboxClusterOptions { TimeProvider = _time });
        _client = new HttpClient { BaseAddress = _cluster.Url };
    }

    public async Task DisposeAsync() => await _cluster.DisposeAsync();

    public void Dispose()
    {
        _client.Dispose();
        _patience.Dispose();
    }

    [Fact]
    public async Task Requests_are_noted_by_verb_kind_and_agent()
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"{Maps}?watch=1&timeoutSeconds=1");
        request.Headers.UserAgent.ParseAdd("some-agent/1.0");
        using var response = await _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        await PostAsync(Maps, Map("a"));
        await _client.DeleteAsync(new Uri($"{Maps}/a", UriKind.Relative));

        Assert.Equal(["watch", "create", "delete"], _cluster.Requests.All.Select(one => one.Verb));
        Assert.Equal(1, _cluster.Requests.Count(one => one.UserAgent == "some-agent/1.0" && one.Resource == "configmaps"));
        Assert.Equal(3, _cluster.Requests.Total);
    }

    [Fact]
    public void Helpers_work_past_the_wire()
    {
        var maps = _cluster.Objects("v1", "configmaps");

        maps.Create(Map("a"));
        maps.Patch("default", "a", new JsonObject { ["data"] = new JsonObject { ["k"] = "v" } });

        Assert.Equal("v", (string?)maps.Get("default", "a")?["data"]?["k"]);
        Assert.Equal("2026-05-01T12:00:00Z", (string?)maps.List("default").Single()["metadata"]?["creationTimestamp"]);
        maps.Delete("default", "a");
        Assert.Empty(maps.List());
        Assert.Empty(_cluster.Requests.All);
    }

    [Fact]
    public async Task A_condition_on_an_object_is_waited_for()
    {
        var maps = _cluster.Objects("v1", "configmaps");
        var waiting = maps.WaitForAsync("default", "a", one => (string?)one["data"]?["k"] == "v", _patience.Token);

        maps.Create(Map("a"));
        Assert.False(waiting.IsCompleted);
        maps.Patch("default", "a", new JsonObject { ["data"] = new JsonObject { ["k"] = "v" } });

        Assert.Equal("a", (string?)(await waiting)["metadata"]?["name"]);
    }

    [Fact]
    public async Task A_fault_meets_the_requests_it_names_as_often_as_it_says()
    {
        _cluster.Faults.Add(new ClusterFault
        {
            Kind = ClusterFaultKind.Status,
            Method = "GET",
            Resource = "configmaps",
            Path = "/default/",
            Watch = false,
            StatusCode = 429,
            RetryAfterSeconds = 7,
            Times = 1,
        });

        Assert.Equal(HttpStatusCode.OK, await StatusOfAsync("api/v1/namespaces/kube-system/configmaps"));
        using var met = await _client.GetAsync(new Uri(Maps, UriKind.Relative));
        var status = JsonNode.Parse(await met.Content.ReadAsStringAsync())!;

        Assert.Equal((429, "7"), ((int)met.StatusCode, met.Headers.GetValues("Retry-After").Single()));
        Assert.Equal(("Status", "TooManyRequests"), ((string?)status["kind"], (string?)status["reason"]));
        Assert.Equal(HttpStatusCode.OK, await StatusOfAsync(Maps));
    }

    [Theory]
    [InlineData(ClusterFaultKind.DropBefore, false)]
    [InlineData(ClusterFaultKind.DropAfter, true)]
    public async Task A_dropped_connection_says_nothing_about_the_effect(ClusterFaultKind kind, bool hasEffect)
    {
        _cluster.Faults.Add(new ClusterFault { Kind = kind, Method = "POST", Times = 1 });

        await Assert.ThrowsAsync<HttpRequestException>(() => PostAsync(Maps, Map("a")));

        Assert.Equal(hasEffect, _cluster.Objects("v1", "configmaps").Get("default", "a") is not null);
    }

    [Fact]
    public async Task A_delayed_request_goes_on_when_the_time_has_come()
    {
        _cluster.Faults.Add(new ClusterFault { Kind = ClusterFaultKind.Delay, DelayMs = 5_000 });
        var answer = StatusOfAsync(Maps);
        await _cluster.Requests.FirstAsync(one => one.Resource == "configmaps", _patience.Token);

        while (!answer.IsCompleted) _time.Advance(TimeSpan.FromSeconds(1));

        Assert.Equal(HttpStatusCode.OK, await answer);
    }

    [Fact]
    public async Task Running_watches_can_be_cut_and_ended()
    {
        using var cut = await WatchConnection.OpenAsync(_client, $"{Maps}?watch=1");
        using var ended = await WatchConnection.OpenAsync(_client, "api/v1/secrets?watch=1");

        Assert.Equal(1, _cluster.Faults.CutWatches("configmaps"));
        Assert.Equal(1, _cluster.Faults.EndWatches("secrets"));

        await Assert.ThrowsAnyAsync<IOException>(cut.NextAsync);
        Assert.Null(await ended.NextAsync());
    }

    [Fact]
    public async Task A_frozen_watch_stays_open_and_silent()
    {
        using var frozen = await WatchConnection.OpenAsync(_client, $"{Maps}?watch=1&allowWatchBookmarks=true&timeoutSeconds=60");
        _cluster.Faults.FreezeWatches();
        var next = frozen.NextAsync();
        using var healthy = await WatchConnection.OpenAsync(_client, $"{Maps}?watch=1");

        _cluster.Objects("v1", "configmaps").Create(Map("a"));
        _time.Advance(TimeSpan.FromMinutes(5));

        Assert.Equal("ADDED", (string?)(await healthy.NextAsync())!["type"]);
        Assert.False(next.IsCompleted);
        _cluster.Faults.CutWatches();
        await Assert.ThrowsAnyAsync<IOException>(() => next);
    }

    [Fact]
    public async Task Bookmarks_come_with_time_and_the_watch_ends_at_its_timeout()
    {
        using var watch = await WatchConnection.OpenAsync(_client, $"{Maps}?watch=1&allowWatchBookmarks=true&timeoutSeconds=90");
        _cluster.Objects("v1", "secrets").Create(Map("other"));
        var version = _cluster.Objects("v1", "secrets").Get("default", "other")!["metadata"]!["resourceVersion"]!.ToString();

        var first = watch.NextAsync();
        _time.Advance(TimeSpan.FromSeconds(61));
        var bookmark = await first;
        _time.Advance(TimeSpan.FromSeconds(30));

        Assert.Equal(("BOOKMARK", "ConfigMap"), ((string?)bookmark!["type"], (string?)bookmark["object"]!["kind"]));
        Assert.Equal(version, (string?)bookmark["object"]!["metadata"]!["resourceVersion"]);
        Assert.Null(await watch.NextAsync());
    }

    [Fact]
    public async Task After_compaction_what_starts_before_it_is_too_old()
    {
        var maps = _cluster.Objects("v1", "configmaps");
        foreach (var name in (string[])["a", "b", "c"]) maps.Create(Map(name));
        var page = JsonNode.Parse(await _client.GetStringAsync(new Uri($"{Maps}?limit=1", UriKind.Relative)))!;
        maps.Delete("default", "c");
        _cluster.Faults.Compact();

        using var watch = await WatchConnection.OpenAsync(_client, $"{Maps}?watch=1&resourceVersion={page["metadata"]!["resourceVersion"]}");
        var error = await watch.NextAsync();
        using var next = await _client.GetAsync(new Uri($"{Maps}?limit=1&continue={page["metadata"]!["continue"]}", UriKind.Relative));
        var expired = JsonNode.Parse(await next.Content.ReadAsStringAsync())!;
        var rest = JsonNode.Parse(await _client.GetStringAsync(
            new Uri($"{Maps}?continue={expired["metadata"]!["continue"]}", UriKind.Relative)))!;

        Assert.Equal(("ERROR", 410), ((string?)error!["type"], (int)error["object"]!["code"]!));
        Assert.Null(await watch.NextAsync());
        Assert.Equal((HttpStatusCode.Gone, "Expired"), (next.StatusCode, (string?)expired["reason"]));
        Assert.Equal("b", (string?)rest["items"]!.AsArray().Single()!["metadata"]!["name"]);
    }

    [Fact]
    public async Task A_kind_can_go_and_come()
    {
        var vms = _cluster.Objects("kubevirt.io/v1", "virtualmachines");
        vms.Create(Map("vm", finalizer: "ovim.io/test"));
        using var watch = await WatchConnection.OpenAsync(_client, $"{Vms}?watch=1");
        await watch.NextAsync();

        await _cluster.RemoveKindAsync("virtualmachines.kubevirt.io", _patience.Token);
        var without = await StatusOfAsync(Vms);
        var last = await watch.NextAsync();
        while (last is not null) last = await watch.NextAsync();
        _cluster.InstallKubeVirt();

        Assert.Equal(HttpStatusCode.NotFound, without);
        Assert.Equal(HttpStatusCode.OK, await StatusOfAsync(Vms));
        Assert.Empty(vms.List());
    }

    [Fact]
    public async Task What_is_denied_is_forbidden_and_the_review_says_so()
    {
        _cluster.Access.Deny(new DeniedAccess { Verb = "list", Resource = "secrets" });

        var listed = await StatusOfAsync("api/v1/secrets");
        var review = await PostAsync("apis/authorization.k8s.io/v1/selfsubjectaccessreviews", new JsonObject
        {
            ["spec"] = new JsonObject { ["resourceAttributes"] = new JsonObject { ["verb"] = "list", ["resource"] = "secrets" } },
        });

        Assert.Equal(HttpStatusCode.Forbidden, listed);
        Assert.False((bool)review["status"]!["allowed"]!);
        Assert.Equal(HttpStatusCode.OK, await StatusOfAsync("api/v1/secrets/../configmaps"));
    }

    [Fact]
    public async Task Access_can_be_denied_to_one_user()
    {
        _cluster.Access.Deny(new DeniedAccess { User = "guest", Resource = "configmaps" });
        var config = Path.GetTempFileName();
        using var client = new k8s.Kubernetes(k8s.KubernetesClientConfiguration.BuildConfigFromConfigFile(
            _cluster.WriteKubeconfig(config, "guest")));

        var error = await Assert.ThrowsAsync<k8s.Autorest.HttpOperationException>(
            () => k8s.CoreV1OperationsExtensions.ListNamespacedConfigMapAsync(client.CoreV1, "default"));

        Assert.Equal(HttpStatusCode.Forbidden, error.Response.StatusCode);
        Assert.Equal(HttpStatusCode.OK, await StatusOfAsync(Maps));
        File.Delete(config);
    }

    [Fact]
    public async Task Operators_reach_all_of_it_over_HTTP()
    {
        await PostAsync("sandbox/faults", new JsonObject { ["kind"] = "Status", ["resource"] = "configmaps", ["status_code"] = 503, ["times"] = 1 });

        Assert.Equal(HttpStatusCode.ServiceUnavailable, await StatusOfAsync(Maps));
        Assert.Equal(HttpStatusCode.OK, await StatusOfAsync(Maps));
        var requests = JsonNode.Parse(await _client.GetStringAsync(new Uri("sandbox/requests", UriKind.Relative)))!.AsArray();
        Assert.Equal(["list", "list"], requests.Select(one => (string?)one!["verb"]));
        var cut = await PostAsync("sandbox/watches/cut", []);
        Assert.Equal(0, (int)cut["watches"]!);
    }

    private static JsonObject Map(string name, string? finalizer = null)
    {
        var metadata = new JsonObject { ["name"] = name, ["namespace"] = "default" };
        if (finalizer is not null) metadata["finalizers"] = new JsonArray(finalizer);
        return new JsonObject { ["metadata"] = metadata };
    }

    private async Task<HttpStatusCode> StatusOfAsync(string path)
    {
        using var response = await _client.GetAsync(new Uri(path, UriKind.Relative), _patience.Token);
        return response.StatusCode;
    }

    private async Task<JsonNode> PostAsync(string path, JsonObject body)
    {
        using var content = new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json");
        using var response = await _client.PostAsync(new Uri(path, UriKind.Relative), content, _patience.Token);
        return JsonNode.Parse(await response.Content.ReadAsStringAsync(_patience.Token))!;
    }
}
