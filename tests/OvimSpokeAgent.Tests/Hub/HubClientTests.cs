using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using OvimSpokeAgent.Configuration;
using OvimSpokeAgent.Hub;
using OvimSpokeAgent.Operations;

namespace OvimSpokeAgent.Tests.Hub;

public sealed class HubClientTests : IDisposable
{
    private readonly HubWorld _world = new();

    [Fact]
    public async Task Every_request_has_its_path_and_carries_who_asks()
    {
        await CarriesIdentityAsync("GET /base/health", () => _world.Client.CheckHealthAsync(default));
        await CarriesIdentityAsync(
            "GET /base/api/v1/spoke/operations?agent_id=spoke-agent-east-1", () => TakeAsync("spoke-agent-east-1"));
        await CarriesIdentityAsync(
            "POST /base/api/v1/spoke/operations/op-1/result application/json; charset=utf-8 {}",
            () => _world.Client.SendAsync("op-1", "{}"u8.ToArray(), default));
        await CarriesIdentityAsync(
            "POST /base/api/v1/spoke/status application/json; charset=utf-8 {", () => _world.Client.SendReportAsync(_world.Reports.Compose(), default));
    }

    [Fact]
    public async Task Report_is_in_the_contracts_words()
    {
        await _world.Client.SendReportAsync(_world.Reports.Compose(), default);

        var body = JsonNode.Parse(_world.Hub.Single().Split("utf-8 ")[1])!;
        Assert.Equal(
            """{"agent_id":"spoke-agent-east-1","cluster_id":"east-1","zone_id":"east-1","status":"healthy","version":"1.2.3","metrics":{"cluster_id":"east-1","zone_id":"east-1","resources":{},"node_status":[],"last_collected":"1970-01-01T00:00:00+00:00"},"vdcs":[],"vms":[],"report_time":"1970-01-01T00:00:00+00:00"}""",
            body.ToJsonString(new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }));
    }

    [Theory]
    [InlineData(200)]
    [InlineData(202)]
    public async Task Report_and_result_are_taken_with_200_and_202(int status)
    {
        _world.Hub.Answers(status, "");

        await _world.Client.SendReportAsync(_world.Reports.Compose(), default);
        Assert.Equal(DeliveryOutcome.Delivered, (await _world.Client.SendAsync("op-1", "{}"u8.ToArray(), default)).Outcome);
    }

    [Theory]
    [InlineData(400, DeliveryOutcome.Refused)]
    [InlineData(401, DeliveryOutcome.Failed)]
    [InlineData(403, DeliveryOutcome.Failed)]
    [InlineData(404, DeliveryOutcome.Failed)]
    [InlineData(405, DeliveryOutcome.Failed)]
    [InlineData(407, DeliveryOutcome.Failed)]
    [InlineData(408, DeliveryOutcome.Failed)]
    [InlineData(413, DeliveryOutcome.Refused)]
    [InlineData(422, DeliveryOutcome.Refused)]
    [InlineData(429, DeliveryOutcome.Failed)]
    [InlineData(500, DeliveryOutcome.Failed)]
    [InlineData(502, DeliveryOutcome.Failed)]
    [InlineData(503, DeliveryOutcome.Failed)]
    [InlineData(504, DeliveryOutcome.Failed)]
    public async Task Result_that_the_hub_can_never_take_is_told_from_one_worth_another_try(int status, object outcome)
    {
        _world.Hub.Answers(status, """{"error":"so it is"}""");

        var attempt = await _world.Client.SendAsync("op-1", "{}"u8.ToArray(), default);

        Assert.Equal((DeliveryOutcome)outcome, attempt.Outcome);
        Assert.Contains($"{status}", attempt.Reason, StringComparison.Ordinal);
        Assert.Contains("so it is", attempt.Reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(200, "[]", 0)]
    [InlineData(200, "null", 0)]
    [InlineData(204, "", 0)]
    [InlineData(200, """[{"id":"a"},{"id":"b"}]""", 2)]
    [InlineData(200, """{"operations":[{"id":"a"}]}""", 1)]
    public async Task Poll_answer_comes_in_the_contracts_shapes(int status, string body, int operations)
    {
        _world.Hub.Answers(status, body);

        var answer = await TakeAsync("a");

        Assert.Equal(operations, answer.Operations.Count);
        Assert.Null(answer.Loss);
    }

    [Fact]
    public async Task Agent_id_and_operation_id_are_escaped()
    {
        await TakeAsync("a&b c");
        await _world.Client.SendAsync("a:b~c", "{}"u8.ToArray(), default);

        Assert.StartsWith("GET /base/api/v1/spoke/operations?agent_id=a%26b%20c", _world.Hub.Requests[0], StringComparison.Ordinal);
        Assert.StartsWith("POST /base/api/v1/spoke/operations/a%3Ab~c/result ", _world.Hub.Requests[1], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(500)]
    [InlineData(502)]
    [InlineData(503)]
    [InlineData(504)]
    [InlineData(507)]
    [InlineData(520)]
    [InlineData(206)]
    [InlineData(101)]
    public async Task Poll_that_may_have_emptied_the_queue_is_a_possible_loss(int status)
    {
        _world.Hub.Answers(status, """{"error":"no"}""");

        var answer = await TakeAsync("a");

        Assert.Empty(answer.Operations);
        Assert.Contains($"{status}", answer.Loss, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(302)]
    [InlineData(400)]
    [InlineData(401)]
    [InlineData(403)]
    [InlineData(404)]
    [InlineData(405)]
    [InlineData(407)]
    [InlineData(408)]
    [InlineData(429)]
    [InlineData(501)]
    [InlineData(511)]
    public async Task Refused_poll_lost_nothing(int status)
    {
        _world.Hub.Answers(status, """{"error":"no"}""");

        var e = await Assert.ThrowsAsync<HubException>(() => TakeAsync("a"));

        Assert.Equal((HttpStatusCode)status, e.Status);
    }

    [Fact]
    public async Task Poll_that_gets_no_answer_is_given_up_as_a_possible_loss_after_its_own_limit()
    {
        _world.Hub.NeverAnswers();
        var poll = TakeAsync("a");
        await _world.Time.NextWaitAsync(HubClient.PollLimit, HubClient.PollLimit);

        _world.Time.Advance(HubClient.PollLimit);

        Assert.NotNull((await poll).Loss);
    }

    [Fact]
    public async Task Answer_that_does_not_end_keeps_what_came()
    {
        using var stream = new Cluster.HeldStream();
        stream.Send("""[{"id":"a"},{"id":""");
        _world.Hub.Handles(_ => new HttpResponseMessage(HttpStatusCode.OK) { Content = new StreamContent(stream) });
        var poll = TakeAsync("a");
        await _world.Time.NextWaitAsync(HubClient.PollLimit, HubClient.PollLimit);

        _world.Time.Advance(HubClient.PollLimit);

        var answer = await poll;
        Assert.Equal("a", Assert.Single(answer.Operations).GetProperty("id").GetString());
        Assert.Contains("10 s", answer.Loss, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Answer_that_breaks_off_keeps_what_came()
    {
        _world.Hub.Handles(_ => new HttpResponseMessage(HttpStatusCode.OK)
        {
            Content = new StreamContent(new Cluster.BreakingStream("""[{"id":"a"},{"id":"b"}""")),
        });

        var answer = await TakeAsync("a");

        Assert.Equal(2, answer.Operations.Count);
        Assert.Equal("the answer broke off: connection reset by peer", answer.Loss);
    }

    public void Dispose() => _world.Dispose();

    private async Task CarriesIdentityAsync(string request, Func<Task> ask)
    {
        await ask();

        Assert.StartsWith(request, _world.Hub.Requests[^1], StringComparison.Ordinal);
        Assert.Equal("Bearer t0ken-of-the-hub", _world.Hub.Authorization);
        Assert.Equal(
            ["spoke-agent-east-1", "east-1", "east-1", AgentVersion.Current],
            ((string[])["X-Agent-ID", "X-Cluster-ID", "X-Zone-ID", "X-Agent-Version"])
                .Select(header => Assert.Single(_world.Hub.Headers!.GetValues(header))));
    }

    private async Task<TakenAnswer> TakeAsync(string agentId)
    {
        var operations = new List<JsonElement>();
        var answer = await _world.Client.TakeOperationsAsync(agentId, operation => operations.Add(JsonElement.Parse(operation)));
        Assert.Equal(operations.Count, answer.Operations);
        return new(operations, answer.Loss);
    }
}
