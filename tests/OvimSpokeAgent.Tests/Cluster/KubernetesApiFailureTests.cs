using System.Net;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Tests.VirtualMachines;

namespace OvimSpokeAgent.Tests.Cluster;

/// <summary>Every failure is one of a closed set, and tells whether the server is there.</summary>
public sealed class KubernetesApiFailureTests : KubernetesApiWorld
{
    [Fact]
    public async Task Failure_is_the_status_the_server_sent_and_tells_that_it_is_there()
    {
        Connectivity.Failed("was away");
        Server.Answers(
            409, """{"kind":"Status","message":"it exists","reason":"AlreadyExists","code":409,"details":{"name":"web"}}""");

        var e = await FailureAsync();

        Assert.Equal((ApiErrorReason.AlreadyExists, "it exists"), (e.Reason, e.Message));
        Assert.True(Connectivity.IsReachable);
    }

    [Theory]
    [InlineData("5", 5)]
    [InlineData("0", 0)]
    [InlineData("Mon, 23 Nov 2026 08:00:10 GMT", 10)]
    [InlineData("Mon, 23 Nov 2026 07:00:00 GMT", 0)]
    public async Task Retry_after_is_seconds_or_a_time(string header, int seconds)
    {
        Server.Answers(429, "busy", response => response.Headers.TryAddWithoutValidation("Retry-After", header));

        Assert.Equal(TimeSpan.FromSeconds(seconds), (await FailureAsync()).RetryAfter);
    }

    [Theory]
    [InlineData(503, "service unavailable\n", "Unavailable")] // what the API server writes where nobody stands behind an APIService
    [InlineData(503, "Error trying to reach service: 'dial tcp 127.0.0.1:443: connect: connection refused'", "Unavailable")]
    [InlineData(500, """{"kind":"Status","message":"boom","reason":"InternalError","code":500}""", "Unavailable")]
    [InlineData(401, "Unauthorized", "Unauthorized")] // it does not trust the API server's front-proxy
    [InlineData(403, "", "Forbidden")]
    public async Task What_a_server_behind_the_API_server_answers_says_nothing_of_that_one(int status, string body, string reason)
    {
        Server.Answers(status, body);

        var failure = await Assert.ThrowsAsync<KubernetesApiException>(() => Api().ListAsync(
            Widgets with { IsAggregated = true }, "", new ListQuery(), ClusterJson.Default.AnyObject, _ => { }, default));

        Assert.Equal(reason, failure.Reason.ToString());
        Assert.Equal((true, null), (Connectivity.IsReachable, Connectivity.Refusal));
    }

    [Fact]
    public async Task Answer_of_a_server_behind_the_API_server_that_breaks_off_says_nothing_of_that_one()
    {
        Server.Handles(_ => throw new HttpRequestException("the stream was reset"));

        var failure = await Assert.ThrowsAsync<KubernetesApiException>(() => Api().ListAsync(
            Widgets with { IsAggregated = true }, "", new ListQuery(), ClusterJson.Default.AnyObject, _ => { }, default));

        Assert.Equal((ApiErrorReason.Unavailable, true), (failure.Reason, Connectivity.IsReachable));
    }

    [Fact]
    public async Task Own_503_of_the_server_tells_that_it_is_there_and_a_proxys_502_that_it_is_not()
    {
        Server.Answers(503, """{"kind":"Status","message":"error trying to reach service","reason":"ServiceUnavailable","code":503}""");
        Assert.True((await FailureAsync()).IsTransient);
        Assert.True(Connectivity.IsReachable);

        Server.Answers(502, "<html>Bad Gateway</html>");
        Assert.True((await FailureAsync()).IsTransient);
        Assert.False(Connectivity.IsReachable);
        Assert.Equal(Time.GetUtcNow(), Connectivity.Since);
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("<html>please log in</html>")]
    [InlineData("""{"metadata":{"name":7}}""")]
    public async Task Answer_that_is_no_such_object_is_unreadable(string body)
    {
        Server.Answers(200, body);

        var e = await FailureAsync();

        Assert.Equal(ApiErrorReason.Unreadable, e.Reason);
        Assert.StartsWith("GET /apis/example.com/v1/namespaces/acme/widgets/web: the answer cannot be read: ", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Broken_connection_is_transient_and_told()
    {
        Server.Handles(_ => throw new HttpRequestException("outer", new IOException("connection refused")));

        var e = await FailureAsync();

        Assert.Equal((ApiErrorReason.Unavailable, true), (e.Reason, e.IsTransient));
        Assert.Equal("GET /apis/example.com/v1/namespaces/acme/widgets/web on https://api.example:6443/: connection refused", e.Message);
        Assert.False(Connectivity.IsReachable);
        Assert.Contains("connection refused", Connectivity.LastError, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Answer_that_breaks_off_is_transient()
    {
        Server.Handles(_ => new HttpResponseMessage(HttpStatusCode.OK) { Content = new StreamContent(new BreakingStream("{\"metadata\"")) });

        Assert.Equal(ApiErrorReason.Unavailable, (await FailureAsync()).Reason);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Request_that_takes_too_long_is_given_up(bool isWatch)
    {
        Server.NeverAnswers();
        Task request = isWatch ? WatchAsync(default) : GetAsync(default);
        await Time.NextWaitAsync(KubernetesApi.RequestLimit, KubernetesApi.RequestLimit);

        Time.Advance(KubernetesApi.RequestLimit);

        var e = await Assert.ThrowsAsync<KubernetesApiException>(() => request.WaitAsync(Limits.Patience));
        Assert.Equal(ApiErrorReason.Unavailable, e.Reason);
        Assert.EndsWith("no answer within 30 s", e.Message, StringComparison.Ordinal);
        Assert.False(Connectivity.IsReachable);
    }

    [Fact]
    public async Task Write_that_waits_for_what_stands_behind_the_server_is_no_outage()
    {
        Server.NeverAnswers();
        var start = Api().PutSubresourceAsync(Widgets, Web, "start", null, default);
        await Time.NextWaitAsync(KubernetesApi.RequestLimit, KubernetesApi.RequestLimit);

        Time.Advance(KubernetesApi.RequestLimit);

        var e = await Assert.ThrowsAsync<KubernetesApiException>(() => start.WaitAsync(Limits.Patience));
        Assert.Equal(ApiErrorReason.Unavailable, e.Reason);
        Assert.EndsWith("no answer within 30 s", e.Message, StringComparison.Ordinal);
        Assert.True(Connectivity.IsReachable);
    }

    [Fact]
    public async Task Read_that_is_not_answered_while_another_is_is_no_outage()
    {
        Server.NeverAnswers();
        var slow = GetAsync(default);
        await Time.NextWaitAsync(KubernetesApi.RequestLimit, KubernetesApi.RequestLimit);
        Time.Advance(TimeSpan.FromSeconds(1));
        Server.Answers(200, """{"metadata":{"name":"web"}}""");
        await GetAsync(default);

        Time.Advance(KubernetesApi.RequestLimit);

        var e = await Assert.ThrowsAsync<KubernetesApiException>(() => slow.WaitAsync(Limits.Patience));
        Assert.EndsWith("no answer within 30 s", e.Message, StringComparison.Ordinal);
        Assert.True(Connectivity.IsReachable);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Cancellation_of_the_caller_is_a_cancellation(bool isWatch)
    {
        Server.NeverAnswers();
        using var end = new CancellationTokenSource();
        Task request = isWatch ? WatchAsync(end.Token) : GetAsync(end.Token);

        await end.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => request.WaitAsync(Limits.Patience));
        Assert.True(Connectivity.IsReachable);
    }

    [Fact]
    public async Task Open_watch_has_no_time_limit()
    {
        using var stream = new HeldStream();
        Server.Handles(_ => new HttpResponseMessage(HttpStatusCode.OK) { Content = new StreamContent(stream) });
        await using var events = (await WatchAsync(default)).GetAsyncEnumerator();
        var next = events.MoveNextAsync().AsTask();

        Time.Advance(TimeSpan.FromHours(2));
        stream.Send("""{"type":"ADDED","object":{"metadata":{"name":"late"}}}""" + "\n");

        Assert.True(await next.WaitAsync(Limits.Patience));
        Assert.Equal("late", events.Current.Object.Metadata.Name);
    }

    [Fact]
    public async Task Watch_that_is_cut_says_nothing_of_the_server()
    {
        Server.Handles(_ => new HttpResponseMessage(HttpStatusCode.OK) { Content = new StreamContent(new BreakingStream("{\"type\"")) });
        var events = await WatchAsync(default);

        var e = await Assert.ThrowsAsync<KubernetesApiException>(() => ToListAsync(events));

        Assert.Equal(ApiErrorReason.Unavailable, e.Reason);
        Assert.StartsWith("watch widgets.example.com: ", e.Message, StringComparison.Ordinal);
        Assert.True(Connectivity.IsReachable);
    }

    [Fact]
    public async Task Watch_of_a_missing_kind_or_an_old_version_fails_when_it_is_opened()
    {
        Server.Answers(404, "404 page not found\n");
        Assert.Equal(ApiErrorReason.NoKindMatch, (await Assert.ThrowsAsync<KubernetesApiException>(() => WatchAsync(default))).Reason);

        Server.Answers(410, """{"kind":"Status","message":"too old resource version","reason":"Expired","code":410}""");
        Assert.Equal(ApiErrorReason.Expired, (await Assert.ThrowsAsync<KubernetesApiException>(() => WatchAsync(default))).Reason);
    }

    [Fact]
    public async Task Kind_that_is_missing_just_after_an_outage_may_only_not_be_served_yet()
    {
        Server.Answers(404, "404 page not found\n");
        Assert.Equal(ApiErrorReason.NoKindMatch, (await FailureAsync()).Reason);
        Connectivity.Failed("was away");

        var e = await FailureAsync();

        Assert.Equal(ApiErrorReason.Unavailable, e.Reason);
        Assert.Equal(
            "the cluster does not have this kind of object (GET /apis/example.com/v1/namespaces/acme/widgets/web): "
            + "the API server may have just started",
            e.Message);
        Assert.True(Connectivity.IsReachable);
        Time.Advance(ClusterConnectivity.StartTime);
        Assert.Equal(ApiErrorReason.NoKindMatch, (await FailureAsync()).Reason);
    }

    [Fact]
    public async Task Garbage_on_a_watch_is_unreadable()
    {
        Server.Answers(200, "<html>\n");

        var events = await WatchAsync(default);

        Assert.Equal(ApiErrorReason.Unreadable, (await Assert.ThrowsAsync<KubernetesApiException>(() => ToListAsync(events))).Reason);
    }

    [Fact]
    public async Task Event_tells_that_the_server_is_there()
    {
        Server.Answers(200, """{"type":"ADDED","object":{}}""" + "\n");
        var events = await WatchAsync(default);
        Connectivity.Failed("another request");

        await ToListAsync(events);

        Assert.True(Connectivity.IsReachable);
    }

    [Fact]
    public async Task Credentials_go_with_each_request()
    {
        Server.Answers(200, "{}");

        await Api(new TestTokens("t0ken")).GetAsync(Widgets, Web, ClusterJson.Default.AnyObject, default);

        Assert.Equal("Bearer t0ken", Server.Authorization);
    }

    [Fact]
    public async Task Credentials_that_cannot_be_read_are_the_reason()
    {
        var api = Api(new TestTokens(null));

        var e = await Assert.ThrowsAsync<KubernetesApiException>(() =>
            api.GetAsync(Widgets, Web, ClusterJson.Default.AnyObject, default));

        Assert.Equal(ApiErrorReason.Unauthorized, e.Reason);
        Assert.Contains("/no/such/file", e.Message, StringComparison.Ordinal);
        Assert.Empty(Server.Requests);
    }
}
