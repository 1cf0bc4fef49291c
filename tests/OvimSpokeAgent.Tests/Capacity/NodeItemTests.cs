using System.Text.Json;
using OvimSpokeAgent.Capacity;

namespace OvimSpokeAgent.Tests.Capacity;

public sealed class NodeItemTests
{
    [Theory]
    [InlineData("8155976Ki", 8155976L * 1024)]
    [InlineData("2256314364", 2256314364)]
    [InlineData("16k", 16000)]
    [InlineData("1500m", 2)] // a part of a byte is one
    [InlineData("129e6", 129_000_000)]
    public void Memory_is_exact_in_whichever_form_it_is_written(string text, long bytes) =>
        Assert.Equal(bytes, NodeWith("capacity", "memory", $"\"{text}\"").Capacity.Memory);

    [Theory]
    [InlineData("4", 4000)]
    [InlineData("1500m", 1500)]
    [InlineData("0.1", 100)]
    [InlineData("3920m", 3920)]
    public void Cpu_is_in_millicores(string text, long millicores) =>
        Assert.Equal(millicores, NodeWith("allocatable", "cpu", $"\"{text}\"").Allocatable.Cpu);

    [Theory]
    [InlineData("\"-5\"", "capacity.cpu is negative")]
    [InlineData("\"lots\"", "capacity.cpu is no quantity")]
    [InlineData("\"9999999999999Ei\"", "capacity.cpu is beyond")]
    [InlineData("{}", "capacity.cpu is no quantity")]
    public void Amount_that_no_node_has_is_told_and_counts_within_bounds(string cpu, string problem)
    {
        var node = NodeWith("capacity", "cpu", cpu + ",\"memory\":\"8Gi\"");

        Assert.Contains(problem, node.Problem, StringComparison.Ordinal);
        Assert.InRange(node.Capacity.Cpu, 0, long.MaxValue);
        Assert.Equal(8L << 30, node.Capacity.Memory);
    }

    [Theory]
    [InlineData("True", "Ready")]
    [InlineData("False", "NotReady")]
    [InlineData("Unknown", "Unknown")]
    [InlineData("perhaps", "Unknown")]
    public void Readiness_is_what_its_condition_says(string status, string expected) =>
        Assert.Equal(expected, NodeOf("""{"status":{"conditions":[{"type":"Ready","status":"IT"}]}}""".Replace("IT", status, StringComparison.Ordinal)).Readiness.ToString());

    [Fact]
    public void Node_that_says_nothing_is_there_with_nothing_known()
    {
        var node = NodeOf("{}");

        Assert.Equal(
            (NodeReadiness.Unknown, default(NodeAmounts), false, "", null),
            (node.Readiness, node.Capacity, node.IsCordoned, node.Architecture, node.Labels));
    }

    [Fact]
    public void Pressure_is_a_condition_that_is_true_and_bad()
    {
        var node = NodeOf("""
            {"status":{"conditions":[{"type":"Ready","status":"True"},{"type":"MemoryPressure","status":"True"},{"type":"DiskPressure","status":"False"},
            {"type":"PIDPressure","status":"Unknown"},{"type":"OwnThing","status":"True"}]}}
            """);

        Assert.Equal(["MemoryPressure"], node.Pressures);
    }

    [Fact]
    public void Of_conditions_the_message_is_kept_where_something_is_wrong_and_within_bounds()
    {
        var node = NodeOf("""
            {"status":{"conditions":[null,{"type":"Ready","status":"False","reason":"KubeletNotReady","message":"LONG",
            "lastTransitionTime":"2026-11-23T08:00:00Z"},{"type":"DiskPressure","status":"False","message":"kubelet has no disk pressure"}]}}
            """.Replace("LONG", new string('x', 9000), StringComparison.Ordinal));

        Assert.Equal(["Ready", "DiskPressure"], node.Conditions.Select(condition => condition.Type));
        Assert.Equal(("False", "KubeletNotReady"), (node.Conditions[0].Status, node.Conditions[0].Reason));
        Assert.Equal(new DateTimeOffset(2026, 11, 23, 8, 0, 0, TimeSpan.Zero), node.Conditions[0].LastTransitionTime);
        Assert.InRange(node.Conditions[0].Message!.Length, 100, 250);
        Assert.Null(node.Conditions[1].Message);
    }

    [Fact]
    public void Of_labels_those_are_kept_that_tell_which_machine_it_is()
    {
        var features = string.Join(',', Enumerable.Range(0, 300).Select(i => $"\"cpu-feature.node.kubevirt.io/f{i}\":\"true\""));
        var roles = string.Join(',', Enumerable.Range(0, 300).Select(i => $"\"node-role.kubernetes.io/r{i:000}\":\"\""));

        var node = NodeOf("""
            {"metadata":{"labels":{MANY,"kubernetes.io/arch":"arm64","topology.kubernetes.io/zone":"z1","kubevirt.io/schedulable":"true"}}}
            """.Replace("MANY", $"{features},{roles}", StringComparison.Ordinal));

        Assert.Equal(("arm64", true), (node.Architecture, node.RunsVms));
        Assert.Equal(
            ["kubernetes.io/arch", "kubevirt.io/schedulable", "topology.kubernetes.io/zone"],
            node.Labels!.Keys.Where(key => !key.StartsWith("node-role.", StringComparison.Ordinal)).Order(StringComparer.Ordinal));
        Assert.Equal(8, node.Labels.Keys.Count(key => key.StartsWith("node-role.kubernetes.io/r00", StringComparison.Ordinal)));
    }

    private static NodeItem NodeWith(string field, string resource, string amount) =>
        NodeOf($"{{\"status\":{{\"{field}\":{{\"{resource}\":{amount}}}}}}}");

    private static NodeItem NodeOf(string json) => NodeItem.From(JsonSerializer.Deserialize(json, CapacityJson.Default.NodeObject)!);
}
