using System.Text.Json.Nodes;
using OvimSpokeAgent.Sandbox.Hub;

namespace OvimSpokeAgent.Sandbox.Tests.Hub;

/// <summary>What the hubs cannot parse is refused as a whole.</summary>
public sealed class WireFormatTests
{
    private const string Ids = "\"agent_id\":\"a\",\"cluster_id\":\"c\",\"zone_id\":\"z\"";

    [Theory]
    [InlineData("""{"agent_id":"a","cluster_id":"c"}""", "zone_id is required")]
    [InlineData("""{"agent_id":"a","cluster_id":"","zone_id":"z"}""", "cluster_id is required")]
    [InlineData($$$"""{{{{Ids}}},"report_time":""}""", "report_time: \"\" is not a time")]
    [InlineData($$$"""{{{{Ids}}},"report_time":"2026-11-23"}""", "report_time:")]
    [InlineData($$$"""{{{{Ids}}},"report_time":"2026-11-23 08:37:01Z"}""", "report_time:")]
    [InlineData($$$"""{{{{Ids}}},"report_time":"2026-13-23T08:37:01Z"}""", "report_time:")]
    [InlineData($$$"""{{{{Ids}}},"report_time":"2026-11-23T08:37:01"}""", "report_time:")]
    [InlineData($$$"""{{{{Ids}}},"report_time":1}""", "report_time:")]
    [InlineData($$$"""{{{{Ids}}},"metrics":[]}""", "metrics: [] is not an object")]
    [InlineData($$$"""{{{{Ids}}},"metrics":{"node_status":[{"conditions":[{"last_transition_time":"now"}]}]}}""",
        "metrics.node_status[0].conditions[0].last_transition_time: \"now\" is not a time")]
    [InlineData($$$"""{{{{Ids}}},"vms":{}}""", "vms: {} is not an array")]
    [InlineData($$$"""{{{{Ids}}},"vms":[{"cpu":2}]}""", "vms[0].cpu: 2 is not a string")]
    [InlineData($$$"""{{{{Ids}}},"vdcs":[{"created_at":""}]}""", "vdcs[0].created_at:")]
    [InlineData($$$"""{{{{Ids}}},"errors":"one"}""", "errors: \"one\" is not an array")]
    [InlineData($$$"""{{{{Ids}}},"vms":[{"labels":{"a":1}}]}""", "vms[0].labels.a: 1 is not a string")]
    public void Report_that_a_hub_cannot_parse_is_refused_with_the_field(string report, string problem) =>
        Assert.Contains(problem, WireFormat.ProblemOfReport(JsonNode.Parse(report)!.AsObject()), StringComparison.Ordinal);

    [Theory]
    [InlineData($$$"""{{{{Ids}}}}""")]
    [InlineData($$$"""{{{{Ids}}},"metrics":null,"vms":null,"report_time":null,"errors":[]}""")]
    [InlineData($$$"""{{{{Ids}}},"report_time":"2026-11-23T08:37:01.123456789+05:30","callback_url":"https://a"}""")]
    [InlineData($$$"""{{{{Ids}}},"report_time":"2026-11-23T08:37:01Z","metrics":{"resources":{"cpu_percent":1.5}},"new_field":[1]}""")]
    public void Report_that_a_hub_can_parse_is_taken(string report) =>
        Assert.Null(WireFormat.ProblemOfReport(JsonNode.Parse(report)!.AsObject()));

    [Theory]
    [InlineData("""{"duration":1.5}""", "duration: 1.5 is not an integer")]
    [InlineData("""{"duration":1e9}""", "duration:")]
    [InlineData("""{"duration":"1s"}""", "duration:")]
    [InlineData("""{"result":[]}""", "result: [] is not an object")]
    [InlineData("""{"result":"done"}""", "result:")]
    [InlineData("""{"timestamp":""}""", "timestamp:")]
    public void Result_that_a_hub_cannot_parse_is_refused_with_the_field(string result, string problem) =>
        Assert.Contains(problem, WireFormat.ProblemOfResult(JsonNode.Parse(result)!.AsObject()), StringComparison.Ordinal);

    [Theory]
    [InlineData("""{"operation_id":"op-1","status":"completed","result":{"vms":[]},"duration":1500000000,"timestamp":"2026-11-23T08:37:01Z"}""")]
    [InlineData("""{"operation_id":"op-1","status":"failed","result":null,"error":"no","duration":null,"timestamp":null}""")]
    public void Result_that_a_hub_can_parse_is_taken(string result) =>
        Assert.Null(WireFormat.ProblemOfResult(JsonNode.Parse(result)!.AsObject()));
}
