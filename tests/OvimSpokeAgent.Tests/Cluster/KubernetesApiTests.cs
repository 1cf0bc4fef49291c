using System.Net;
using System.Text.Json.Nodes;
using k8s;
using k8s.Authentication;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Configuration;
using OvimSpokeAgent.Tests.VirtualMachines;

namespace OvimSpokeAgent.Tests.Cluster;

public sealed class KubernetesApiTests
{
    private static readonly ResourceKind Widgets = new("example.com", "v1", "widgets", "Widget");
    private static readonly NamespacedName Web = new("acme", "web");

    private readonly TestTime _time = new();
    private readonly StubServer _server = new();
    private readonly ClusterConnectivity _connectivity;

    public KubernetesApiTests() => _connectivity = new ClusterConnectivity(_time);

    [Fact]
    public async Task Get_reads_one_object()
    {
        _server.Answers(200, """{"kind":"Widget","metadata":{"name":"web","namespace":"acme","uid":"u-1"},"spec":{"unknown":[]}}""");

        var item = await Api().GetAsync(Widgets, Web, ClusterJson.Default.AnyObject, default);

        Assert.Equal((Web, "u-1"), (item.Metadata.Key, item.Metadata.Uid));
        Assert.Equal("GET /apis/example.com/v1/namespaces/acme/widgets/web", _server.Single());
        Assert.Equal(("application/json", $"ovim-spoke-agent/{AgentVersion.Current}"), (_server.Accept, _server.UserAgent));
    }

    [Fact]
    public async Task Names_are_escaped_in_the_path()
    {
        _server.Answers(200, "{}");

        await Api().GetAsync(Widgets, new NamespacedName("a/b", "c?d"), ClusterJson.Default.AnyObject, default);

        Assert.Equal("GET /apis/example.com/v1/namespaces/a%2Fb/widgets/c%3Fd", _server.Single());
    }

    [Fact]
    public async Task Core_group_and_cluster_scope_have_paths_of_their_own()
    {
        _server.Answers(200, "{}");

        await Api().GetAsync(KubernetesKinds.Namespace, NamespacedName.ClusterScoped("acme"), ClusterJson.Default.NamespaceObject, default);

        Assert.Equal("GET /api/v1/namespaces/acme", _server.Single());
    }

    [Fact]
    public async Task Path_of_the_server_in_the_kubeconfig_is_kept()
    {
        _server.Answers(200, "{}");

        await Api(host: "https://proxy.example/k8s/clusters/c-1").GetAsync(Widgets, Web, ClusterJson.Default.AnyObject, default);

        Assert.Equal("GET /k8s/clusters/c-1/apis/example.com/v1/namespaces/acme/widgets/web", _server.Single());
    }

    [Fact]
    public async Task List_asks_for_what_the_query_says()
    {
        _server.Answers(200, """{"metadata":{"resourceVersion":"9","continue":"next"},"items":[{"metadata":{"name":"a"}}]}""");

        var page = await Api().ListAsync(
            Widgets,
            "",
            new ListQuery { LabelSelector = "a=b,c", FieldSelector = "x=y", ResourceVersion = "0", Limit = 500, Continue = "a+b/c=" },
            ClusterJson.Default.AnyObject,
            default);

        Assert.Equal("GET /apis/example.com/v1/widgets?labelSelector=a%3Db%2Cc&fieldSelector=x%3Dy&resourceVersion=0&limit=500&continue=a%2Bb%2Fc%3D", _server.Single());
        Assert.Equal(("9", "next", "a"), (page.ResourceVersion, page.Continue, Assert.Single(page.Items).Metadata.Name));
    }

    [Fact]
    public async Task List_without_a_query_has_none()
    {
        _server.Answers(200, """{"metadata":{},"items":[]}""");

        await Api().ListAsync(Widgets, "acme", new ListQuery(), ClusterJson.Default.AnyObject, default);

        Assert.Equal("GET /apis/example.com/v1/namespaces/acme/widgets", _server.Single());
    }

    [Fact]
    public async Task Create_posts_json_under_the_agents_name()
    {
        _server.Answers(201, """{"metadata":{"name":"web","uid":"u-1"}}""");

        var made = await Api().CreateAsync(Widgets, "acme", new JsonObject { ["spec"] = 1 }, ClusterJson.Default.AnyObject, default);

        Assert.Equal("u-1", made.Metadata.Uid);
        Assert.Equal("""POST /apis/example.com/v1/namespaces/acme/widgets?fieldManager=ovim-spoke-agent application/json {"spec":1}""", _server.Single());
    }

    [Fact]
    public async Task Merge_patch_and_apply_say_what_they_are()
    {
        _server.Answers(200, "{}");

        await Api().MergePatchAsync(Widgets, Web, new JsonObject { ["a"] = null }, ClusterJson.Default.AnyObject, default);
        await Api().ApplyAsync(Widgets, Web, new JsonObject { ["b"] = 2 }, ClusterJson.Default.AnyObject, default);

        Assert.Equal(
            [
                """PATCH /apis/example.com/v1/namespaces/acme/widgets/web?fieldManager=ovim-spoke-agent application/merge-patch+json {"a":null}""",
                """PATCH /apis/example.com/v1/namespaces/acme/widgets/web?fieldManager=ovim-spoke-agent&force=true application/apply-patch+yaml {"b":2}""",
            ],
            _server.Requests);
    }

    [Fact]
    public async Task Delete_says_which_object_and_how()
    {
        _server.Answers(200, """{"kind":"Status","status":"Success"}""");

        await Api().DeleteAsync(Widgets, Web, new DeleteOptions(), default);
        await Api().DeleteAsync(
            Widgets, Web, new DeleteOptions { Uid = "u-1", GracePeriod = TimeSpan.FromSeconds(90), Propagation = "Foreground" }, default);
        await Api().DeleteCollectionAsync(Widgets, "acme", "done=yes", default);

        Assert.Equal(
            [
                """DELETE /apis/example.com/v1/namespaces/acme/widgets/web application/json {"apiVersion":"v1","kind":"DeleteOptions"}""",
                """DELETE /apis/example.com/v1/namespaces/acme/widgets/web application/json {"apiVersion":"v1","kind":"DeleteOptions","preconditions":{"uid":"u-1"},"gracePeriodSeconds":90,"propagationPolicy":"Foreground"}""",
                "DELETE /apis/example.com/v1/namespaces/acme/widgets?labelSelector=done%3Dyes",
            ],
            _server.Requests);
    }

    [Fact]
    public async Task Subresource_is_put_and_its_answer_not_read()
    {
        _server.Answers(202, "");

        await Api().PutSubresourceAsync(Widgets, Web, "stop", new JsonObject { ["gracePeriod"] = 0 }, default);
        await Api().PutSubresourceAsync(Widgets, Web, "start", null, default);

        Assert.Equal(
            [
                """PUT /apis/example.com/v1/namespaces/acme/widgets/web/stop application/json {"gracePeriod":0}""",
                "PUT /apis/example.com/v1/namespaces/acme/widgets/web/start application/json {}",
            ],
            _server.Requests);
    }

    [Fact]
    public async Task Watch_asks_for_bookmarks_and_streams_events()
    {
        _server.Answers(200, """{"type":"ADDED","object":{"metadata":{"name":"a"}}}""" + "\n");

        var events = await Api().WatchAsync(
            Widgets, "", new ListQuery { ResourceVersion = "7", Timeout = TimeSpan.FromMinutes(45) }, ClusterJson.Default.AnyObject, default);

        Assert.Equal("GET /apis/example.com/v1/widgets?resourceVersion=7&timeoutSeconds=2700&watch=1&allowWatchBookmarks=true", _server.Single());
        Assert.Equal("a", Assert.Single(await ToListAsync(events)).Object.Metadata.Name);
    }

    [Fact]
    public async Task Failure_is_the_status_the_server_sent_and_tells_that_it_is_there()
    {
        _connectivity.Failed("was away");
        _server.Answers(
            409, """{"kind":"Status","message":"it exists","reason":"AlreadyExists","code":409,"details":{"name":"web"}}""");

        var e = await FailureAsync();

        Assert.Equal((ApiErrorReason.AlreadyExists, "it exists"), (e.Reason, e.Message));
        Assert.True(_connectivity.IsReachable);
    }

    [Theory]
    [InlineData("5", 5)]
    [InlineData("0", 0)]
    [InlineData("Mon, 23 Nov 2026 08:00:10 GMT", 10)]
    [InlineData("Mon, 23 Nov 2026 07:00:00 GMT", 0)]
    public async Task Retry_after_is_seconds_or_a_time(string header, int seconds)
    {
        _server.Answers(429, "busy", response => response.Headers.TryAddWithoutValidation("Retry-After", header));

        Assert.Equal(TimeSpan.FromSeconds(seconds), (await FailureAsync()).RetryAfter);
    }

    [Fact]
    public async Task Own_503_of_the_server_tells_that_it_is_there_and_a_proxys_502_that_it_is_not()
    {
        _server.Answers(503, """{"kind":"Status","message":"error trying to reach service","reason":"ServiceUnavailable","code":503}""");
        Assert.True((await FailureAsync()).IsTransient);
        Assert.True(_connectivity.IsReachable);

        _server.Answers(502, "<html>Bad Gateway</html>");
        Assert.True((await FailureAsync()).IsTransient);
        Assert.False(_connectivity.IsReachable);
        Assert.Equal(_time.GetUtcNow(), _connectivity.Since);
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("<html>please log in</html>")]
    [InlineData("""{"metadata":{"name":7}}""")]
    public async Task Answer_that_is_no_such_object_is_unreadable(string body)
    {
        _server.Answers(200, body);

        var e = await FailureAsync();

        Assert.Equal(ApiErrorReason.Unreadable, e.Reason);
        Assert.StartsWith("GET /apis/example.com/v1/namespaces/acme/widgets/web: the answer cannot be read: ", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Broken_connection_is_transient_and_told()
    {
        _server.Handles(_ => throw new HttpRequestException("outer", new IOException("connection refused")));

        var e = await FailureAsync();

        Assert.Equal((ApiErrorReason.Unavailable, true), (e.Reason, e.IsTransient));
        Assert.Equal("GET /apis/example.com/v1/namespaces/acme/widgets/web on https://api.example:6443/: connection refused", e.Message);
        Assert.False(_connectivity.IsReachable);
        Assert.Contains("connection refused", _connectivity.LastError, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Answer_that_breaks_off_is_transient()
    {
        _server.Handles(_ => new HttpResponseMessage(HttpStatusCode.OK) { Content = new StreamContent(new BreakingStream("{\"metadata\"")) });

        Assert.Equal(ApiErrorReason.Unavailable, (await FailureAsync()).Reason);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Request_that_takes_too_long_is_given_up(bool isWatch)
    {
        _server.NeverAnswers();
        Task request = isWatch ? WatchAsync(default) : GetAsync(default);
        await _time.NextWaitAsync(KubernetesApi.RequestLimit, KubernetesApi.RequestLimit);

        _time.Advance(KubernetesApi.RequestLimit);

        var e = await Assert.ThrowsAsync<KubernetesApiException>(() => request.WaitAsync(Limits.Patience));
        Assert.Equal(ApiErrorReason.Unavailable, e.Reason);
        Assert.EndsWith("no answer within 30 s", e.Message, StringComparison.Ordinal);
        Assert.False(_connectivity.IsReachable);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Cancellation_of_the_caller_is_a_cancellation(bool isWatch)
    {
        _server.NeverAnswers();
        using var end = new CancellationTokenSource();
        Task request = isWatch ? WatchAsync(end.Token) : GetAsync(end.Token);

        await end.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => request.WaitAsync(Limits.Patience));
        Assert.True(_connectivity.IsReachable);
    }

    [Fact]
    public async Task Open_watch_has_no_time_limit()
    {
        using var stream = new HeldStream();
        _server.Handles(_ => new HttpResponseMessage(HttpStatusCode.OK) { Content = new StreamContent(stream) });
        await using var events = (await WatchAsync(default)).GetAsyncEnumerator();
        var next = events.MoveNextAsync().AsTask();

        _time.Advance(TimeSpan.FromHours(2));
        stream.Send("""{"type":"ADDED","object":{"metadata":{"name":"late"}}}""" + "\n");

        Assert.True(await next.WaitAsync(Limits.Patience));
        Assert.Equal("late", events.Current.Object.Metadata.Name);
    }

    [Fact]
    public async Task Watch_that_is_cut_says_nothing_of_the_server()
    {
        _server.Handles(_ => new HttpResponseMessage(HttpStatusCode.OK) { Content = new StreamContent(new BreakingStream("{\"type\"")) });
        var events = await WatchAsync(default);

        var e = await Assert.ThrowsAsync<KubernetesApiException>(() => ToListAsync(events));

        Assert.Equal(ApiErrorReason.Unavailable, e.Reason);
        Assert.StartsWith("watch widgets.example.com: ", e.Message, StringComparison.Ordinal);
        Assert.True(_connectivity.IsReachable);
    }

    [Fact]
    public async Task Watch_of_a_missing_kind_or_an_old_version_fails_when_it_is_opened()
    {
        _server.Answers(404, "404 page not found\n");
        Assert.Equal(ApiErrorReason.KindMissing, (await Assert.ThrowsAsync<KubernetesApiException>(() => WatchAsync(default))).Reason);

        _server.Answers(410, """{"kind":"Status","message":"too old resource version","reason":"Expired","code":410}""");
        Assert.Equal(ApiErrorReason.Expired, (await Assert.ThrowsAsync<KubernetesApiException>(() => WatchAsync(default))).Reason);
    }

    [Fact]
    public async Task Garbage_on_a_watch_is_unreadable()
    {
        _server.Answers(200, "<html>\n");

        var events = await WatchAsync(default);

        Assert.Equal(ApiErrorReason.Unreadable, (await Assert.ThrowsAsync<KubernetesApiException>(() => ToListAsync(events))).Reason);
    }

    [Fact]
    public async Task Event_tells_that_the_server_is_there()
    {
        _server.Answers(200, """{"type":"ADDED","object":{}}""" + "\n");
        var events = await WatchAsync(default);
        _connectivity.Failed("another request");

        await ToListAsync(events);

        Assert.True(_connectivity.IsReachable);
    }

    [Fact]
    public async Task Credentials_go_with_each_request()
    {
        _server.Answers(200, "{}");

        await Api(new TestTokens("t0ken")).GetAsync(Widgets, Web, ClusterJson.Default.AnyObject, default);

        Assert.Equal("Bearer t0ken", _server.Authorization);
    }

    [Fact]
    public async Task Credentials_that_cannot_be_read_are_the_reason()
    {
        var api = Api(new TestTokens(null));

        var e = await Assert.ThrowsAsync<KubernetesApiException>(() =>
            api.GetAsync(Widgets, Web, ClusterJson.Default.AnyObject, default));

        Assert.Equal(ApiErrorReason.Unauthorized, e.Reason);
        Assert.Contains("/no/such/file", e.Message, StringComparison.Ordinal);
        Assert.Empty(_server.Requests);
    }

    private KubernetesApi Api(ITokenProvider? tokens = null, string host = "https://api.example:6443") => new(
        new Kubernetes(
            new KubernetesClientConfiguration { Host = host, SkipTlsVerify = true, TokenProvider = tokens }, _server.NewHandler()),
        _connectivity,
        _time);

    private Task<AnyObject> GetAsync(CancellationToken cancellationToken) =>
        Api().GetAsync(Widgets, Web, ClusterJson.Default.AnyObject, cancellationToken);

    private Task<IAsyncEnumerable<WatchEvent<AnyObject>>> WatchAsync(CancellationToken cancellationToken) =>
        Api().WatchAsync(Widgets, "", new ListQuery(), ClusterJson.Default.AnyObject, cancellationToken);

    private Task<KubernetesApiException> FailureAsync() => Assert.ThrowsAsync<KubernetesApiException>(() => GetAsync(default));

    private static async Task<List<WatchEvent<AnyObject>>> ToListAsync(IAsyncEnumerable<WatchEvent<AnyObject>> events)
    {
        var list = new List<WatchEvent<AnyObject>>();
        await foreach (var item in events) list.Add(item);
        return list;
    }
}
