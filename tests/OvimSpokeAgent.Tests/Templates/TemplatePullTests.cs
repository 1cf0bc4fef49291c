using System.Net;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Hub;
using OvimSpokeAgent.Supervision;
using OvimSpokeAgent.Templates;
using OvimSpokeAgent.Tests.Cluster;
using OvimSpokeAgent.Tests.Hub;

namespace OvimSpokeAgent.Tests.Templates;

public sealed class TemplatePullTests : IAsyncLifetime, IAsyncDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(15);
    private static readonly string Two = TemplateWorld.Payload(TemplateWorld.Template("a"), TemplateWorld.Template("b"));

    private readonly CancellationTokenSource _end = new();
    private readonly HubWorld _hub = new();
    private readonly TemplateWorld _world = new();
    private readonly TemplatePull _pull;
    private Task _loop = Task.CompletedTask;

    public TemplatePullTests() => _pull = new TemplatePull(
        _hub.Client, _hub.Connection, _world.Cache, _world.Leadership, _world.Settings, _hub.Time, () => 0.5, NullLogger<TemplatePull>.Instance);

    [Fact]
    public async Task Hubs_templates_take_the_place_of_those_from_before()
    {
        await _world.SyncsAsync(TemplateWorld.Template("old"));
        _hub.Hub.Answers(200, Two);

        await PulledAsync();

        Assert.Equal("a b", await _world.NamesAsync());
        Assert.Equal("GET /base/api/v1/spoke/templates", _hub.Hub.Requests.Single());
    }

    [Fact]
    public async Task Nothing_is_asked_before_the_hub_takes_reports_nor_by_an_agent_that_does_not_lead()
    {
        _hub.Hub.Answers(200, Two);
        _loop = _pull.RunAsync(_end.Token);
        for (var i = 0; i < 100; i++) _hub.Time.Advance(TimeSpan.FromMinutes(1));
        Assert.Empty(_hub.Hub.Requests);

        _world.Leadership.StepDown();
        _hub.Connection.Succeeded();
        for (var i = 0; i < 100; i++) _hub.Time.Advance(TimeSpan.FromMinutes(1));

        Assert.Empty(_hub.Hub.Requests);
    }

    [Fact]
    public async Task What_is_known_is_not_sent_again()
    {
        _hub.Hub.Handles(request => request.Headers.IfNoneMatch.ToString() == "\"v1\""
            ? new HttpResponseMessage(HttpStatusCode.NotModified)
            : Answer(Two, "\"v1\""));

        await PulledAsync();
        await NextAsync(2);
        await WaitedAsync(Interval);

        Assert.Equal("\"v1\"", _hub.Hub.Headers!.IfNoneMatch.ToString());
        Assert.Equal("a b", await _world.NamesAsync());
        Assert.Null(_pull.Problem);
    }

    [Fact]
    public async Task Who_wants_all_of_them_gets_all_and_soon()
    {
        _hub.Hub.Handles(_ => Answer(Two, "\"v1\""));
        await PulledAsync(Interval);

        _pull.PullAnew();

        await Eventually.HoldsAsync(() => _hub.Hub.Requests.Count == 2);
        await WaitedAsync(Interval);
        Assert.False(_hub.Hub.Headers!.Contains("If-None-Match"));
    }

    [Fact]
    public async Task Hub_without_templates_is_asked_once_more_by_who_wants_them()
    {
        _hub.Hub.Answers(404, "");
        await PulledAsync(TimeSpan.FromHours(6));

        _pull.PullAnew();

        await Eventually.HoldsAsync(() => _hub.Hub.Requests.Count == 2);
    }

    [Fact]
    public async Task Etag_without_quotes_is_sent_back_as_it_came()
    {
        _hub.Hub.Handles(_ =>
        {
            var answer = Answer(Two, null);
            answer.Headers.TryAddWithoutValidation("ETag", "v1");
            return answer;
        });

        await PulledAsync();
        await NextAsync(2);

        Assert.Equal("v1", _hub.Hub.Headers!.NonValidated["If-None-Match"].ToString());
    }

    [Fact]
    public async Task What_an_operation_brought_since_is_no_longer_what_the_etag_stands_for()
    {
        _hub.Hub.Handles(_ => Answer(Two, "\"v1\""));
        await PulledAsync();
        await _world.SyncsAsync(TemplateWorld.Template("c"));

        await NextAsync(2);
        await WaitedAsync(Interval);

        Assert.False(_hub.Hub.Headers!.Contains("If-None-Match"));
        Assert.Equal("a b", await _world.NamesAsync());
    }

    [Fact]
    public async Task Answer_without_content_changes_nothing_and_is_no_problem()
    {
        await _world.SyncsAsync(TemplateWorld.Template("old"));
        _hub.Hub.Handles(_ => new HttpResponseMessage(HttpStatusCode.NoContent));

        await PulledAsync(Interval);

        Assert.Equal("old", await _world.NamesAsync());
        Assert.Null(_pull.Problem);
    }

    [Theory]
    [InlineData("""{"templates":[]}""", null)]
    [InlineData("""{"templates":null}""", "has no array \"templates\"")]
    [InlineData("""{}""", "has no array \"templates\"")]
    [InlineData("""{"templates":{"a":1}}""", "has no array \"templates\"")]
    [InlineData("[]", "has no array \"templates\"")]
    [InlineData("null", "has no array \"templates\"")]
    [InlineData("", "is not the JSON it should be")]
    [InlineData("""{"templates":[{"name":"a"}""", "is not the JSON it should be")]
    [InlineData("""{"templates":[5,{"name":""}]}""", "none of the hub's 2 templates is one, those from before stay: templates[0]: a number")]
    public async Task Answer_that_gives_none_removes_none(string body, string? problem)
    {
        await _world.SyncsAsync(TemplateWorld.Template("old"));
        _hub.Hub.Answers(200, body);

        await PulledAsync(problem is null ? Interval : null);

        Assert.Equal("old", await _world.NamesAsync());
        if (problem is null) Assert.Null(_pull.Problem);
        else Assert.Contains(problem, _pull.Problem, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(404)]
    [InlineData(405)]
    [InlineData(501)]
    public async Task Hub_without_templates_is_left_alone_until_it_was_away(int status)
    {
        _hub.Hub.Answers(status, "no such page");
        await PulledAsync(TimeSpan.FromHours(6));
        Assert.Null(_pull.Problem);
        _hub.Time.Advance(TimeSpan.FromHours(5));
        Assert.Single(_hub.Hub.Requests);

        for (var i = 0; i < HubConnection.MissedReportsUntilLost; i++) _hub.Connection.Failed("gone");
        _hub.Hub.Answers(200, Two);
        _hub.Connection.Succeeded();

        await Eventually.HoldsAsync(() => _hub.Hub.Requests.Count == 2);
        await WaitedAsync(Interval);
        Assert.Equal("a b", await _world.NamesAsync());
    }

    [Fact]
    public async Task Hub_without_templates_is_asked_again_after_some_hours()
    {
        _hub.Hub.Answers(404, "");
        await PulledAsync(TimeSpan.FromHours(6));

        _hub.Time.Advance(TimeSpan.FromHours(6));

        await Eventually.HoldsAsync(() => _hub.Hub.Requests.Count == 2);
    }

    [Fact]
    public async Task Hub_that_fails_is_asked_sooner_at_first_and_that_is_told()
    {
        _hub.Hub.Answers(500, "oops");
        await PulledAsync(TimeSpan.FromSeconds(22.5));
        Assert.Contains("500", _pull.Problem, StringComparison.Ordinal);
        Assert.True(_hub.Connection.Link.IsRegistered);

        _hub.Hub.Answers(200, Two);
        _hub.Time.Advance(TimeSpan.FromSeconds(23));

        await Eventually.HoldsAsync(() => _hub.Hub.Requests.Count == 2);
        await WaitedAsync(Interval);
        Assert.Null(_pull.Problem);
    }

    [Fact]
    public async Task Failing_templates_do_not_tell_that_the_hub_is_away()
    {
        var back = _hub.Presence.Back;
        _hub.Hub.Answers(404, "");
        await PulledAsync(TimeSpan.FromHours(6));
        _hub.Time.Advance(TimeSpan.FromMinutes(1));
        _hub.Hub.Answers(200, "");

        await _hub.Client.CheckHealthAsync(default);

        Assert.False(back.IsCompleted);
    }

    [Fact]
    public async Task Answer_that_is_too_large_is_not_read()
    {
        _hub.Hub.Answers(200, new string(' ', TemplateAnswer.MaxBytes + 1));

        await PulledAsync(null);

        Assert.EndsWith("the answer is over 10 MiB", _pull.Problem, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Answer_that_breaks_off_is_told()
    {
        _hub.Hub.Handles(_ => new HttpResponseMessage(HttpStatusCode.OK) { Content = new StreamContent(new BreakingStream("{\"templates\":[")) });

        await PulledAsync(null);

        Assert.Contains("the answer broke off: connection reset", _pull.Problem, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Rejected_ones_are_shown_in_health()
    {
        _hub.Hub.Answers(200, TemplateWorld.Payload(TemplateWorld.Template("a"), TemplateWorld.Template("bad", ",\"cpu\":0")));

        await PulledAsync();

        var finding = new TemplatesCheck(_world.Cache, _world.Source, _pull, _world.Settings).Check();
        Assert.Equal(HealthStatus.Warning, finding.Status);
        Assert.StartsWith("1 template; of the hub's 1 are rejected: bad: cpu: 0 is not", finding.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Those_of_no_use_on_this_cluster_are_shown_in_health_for_as_long_as_they_are()
    {
        _hub.Hub.Answers(200, TemplateWorld.Payload(TemplateWorld.Template("a"), TemplateWorld.Template("b", ",\"storage_class\":\"fast\"")));
        await PulledAsync();
        var check = new TemplatesCheck(_world.Cache, _world.Source, _pull, _world.Settings);

        Assert.Equal("2 templates; 1 are not usable here: b: storage_class: the cluster has no StorageClass \"fast\"", check.Check().Message);

        _world.Platform.Has(KubernetesKinds.StorageClass, "fast");
        await Eventually.HoldsAsync(() => check.Check() == HealthFinding.Healthy("2 templates"));
    }

    [Fact]
    public async Task Cluster_that_does_not_store_them_keeps_those_from_before_and_is_told()
    {
        await _world.SyncsAsync(TemplateWorld.Template("old"));
        _world.Cluster.Fault = request => request.Verb == "create" ? FakeKubernetesApi.Error(OvimSpokeAgent.Cluster.ApiErrorReason.Forbidden, "quota") : null;
        _hub.Hub.Answers(200, Two);

        await PulledAsync(null);

        Assert.Equal("old", await _world.NamesAsync());
        Assert.Equal("the cluster does not store or give templates: quota", _pull.Problem);
    }

    public Task InitializeAsync() => Task.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        await _loop.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _end.Dispose();
        _hub.Dispose();
    }

    Task IAsyncLifetime.DisposeAsync() => DisposeAsync().AsTask();

    private Task PulledAsync() => PulledAsync(Interval);

    // Until the wait for the next time has begun.
    private async Task PulledAsync(TimeSpan? thenWaits)
    {
        _hub.Connection.Succeeded();
        _loop = _pull.RunAsync(_end.Token);
        await _hub.Time.NextWaitAsync(TimeSpan.FromSeconds(15), TimeSpan.FromSeconds(15));
        _hub.Time.Advance(TimeSpan.FromSeconds(15));
        await WaitedAsync(thenWaits ?? TimeSpan.FromSeconds(22.5));
    }

    private Task<TimeSpan> WaitedAsync(TimeSpan wait) => _hub.Time.NextWaitAsync(wait, wait);

    private async Task NextAsync(int requests)
    {
        _hub.Time.Advance(Interval);
        await Eventually.HoldsAsync(() => _hub.Hub.Requests.Count == requests);
    }

    private static HttpResponseMessage Answer(string body, string? etag)
    {
        var answer = new HttpResponseMessage(HttpStatusCode.OK) { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        if (etag is not null) answer.Headers.TryAddWithoutValidation("ETag", etag);
        return answer;
    }
}
