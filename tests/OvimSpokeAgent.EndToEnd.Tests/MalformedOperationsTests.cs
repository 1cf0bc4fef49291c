using System.Text.Json.Nodes;
using CsCheck;
using OvimSpokeAgent.EndToEnd.Tests.Harness;

namespace OvimSpokeAgent.EndToEnd.Tests;

/// <summary>Whatever the hub sends, it gets an answer, and the agent stays healthy.</summary>
public sealed class MalformedOperationsTests
{
    private static readonly int Operations = Amounts.Of(400, 2000);

    private static readonly string[] Types =
        ["create_vm", "VMCreate", "delete_vm", "start_vm", "stop_vm", "restart_vm", "get_vm_status", "fly_vm", "", "Ünknown", "create vm"];

    private static readonly string[] Fields =
    [
        "name", "namespace", "cpu", "memory", "storage", "image_url", "labels", "annotations", "network_name", "cloud_init",
        "ssh_keys", "run", "instancetype", "force", "grace_period_seconds",
    ];

    [Fact]
    public Task Every_malformed_operation_fails_with_a_message_or_shows_in_the_reports_errors() =>
        Malformed.Array[Operations].SampleAsync(AreAllAnsweredAsync, iter: 1, threads: 1, print: _ => "see the seed");

    private static async Task AreAllAnsweredAsync(JsonNode?[] operations)
    {
        await using var cluster = await SandboxTestCluster.StartAsync();
        await using var environment = await TestEnvironment.StartAsync(cluster, ownsCluster: false);
        var agent = await environment.StartAgentAsync(("OVIM_HEARTBEAT_INTERVAL", "100ms"));

        var (answerable, unanswerable) = (0, 0);
        foreach (var (operation, index) in operations.Select((operation, index) => (operation, index)))
        {
            // Ids that repeat are another test's subject; here each answer must be found again.
            if (operation is JsonObject item && item["id"] is JsonValue id && id.TryGetValue<string>(out var text) && text == "ID")
            {
                item["id"] = $"op-{index}";
                answerable++;
            }
            else
            {
                unanswerable++;
            }
            environment.Hub.QueueRaw(agent.Id, operation);
        }

        Assert.True(answerable > Operations / 2 && unanswerable > Operations / 40);
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(3));
        await environment.Hub.WaitForResultsAsync(results => results.Count >= answerable, limit.Token);
        Assert.All(environment.Hub.Results, result =>
        {
            Assert.Equal("failed", (string?)result.Json["status"]);
            Assert.False(string.IsNullOrWhiteSpace((string?)result.Json["error"]));
        });
        Assert.Equal(answerable, environment.Hub.Results.Select(result => result.OperationId).Distinct().Count());
        Assert.Equal(unanswerable, await agent.MetricAsync("ovim_agent_operations_unanswerable_total"));
        await environment.ReportsAsync(agent, _ => environment.Hub.Reports.Any(report => report.Json["errors"] is JsonArray { Count: > 0 }));
        await environment.ReportsAsync(agent, report => (string?)report["status"] == "healthy");
        Assert.Equal("Healthy", (string?)(await agent.HealthAsync())["state"]);
    }

    /// <summary>Operations of which something is wrong for sure.</summary>
    private static Gen<JsonNode?> Malformed => Gen.Frequency(
        (1, Nothing),
        (1, Junk),
        (1, Operation(Junk, BrokenPayload)),
        (8, Operation(UsableId, BrokenPayload)),
        (6, Operation(UsableId, WrongName)),
        (2, Operation(UsableId, Junk)));

    private static Gen<JsonNode?> Nothing => Gen.Int[0, 0].Select(_ => (JsonNode?)null);

    private static Gen<JsonNode?> UsableId => Gen.Int[0, 0].Select(_ => (JsonNode?)"ID");

    private static Gen<JsonNode?> Operation(Gen<JsonNode?> id, Gen<JsonNode?> payload) => Gen.Select(
        id, OneOf(Types), payload, Gen.Bool,
        (i, type, p, timed) =>
        {
            var operation = new JsonObject { ["id"] = i?.DeepClone(), ["type"] = type, ["payload"] = p?.DeepClone() };
            if (timed) operation["timestamp"] = "2026-11-23T08:37:01.123456789+02:00";
            return (JsonNode?)operation;
        });

    private static Gen<JsonNode?> BrokenPayload => Gen.Select(OneOf(Fields), Junk).Array[0, 6].Select(members =>
    {
        var payload = new JsonObject();
        foreach (var (name, value) in members) payload[name] = value?.DeepClone();
        payload["name"] = "Not A Name";
        return (JsonNode?)payload;
    });

    /// <summary>Right but for the name or the namespace, which can be none.</summary>
    private static Gen<JsonNode?> WrongName => OneOf("name", "namespace").Select(wrong =>
    {
        var payload = new JsonObject { ["name"] = "web", ["namespace"] = "vms", ["image_url"] = "disk", ["cpu"] = 1, ["memory"] = 1 };
        payload[wrong] = "-wrong-";
        return (JsonNode?)payload;
    });

    private static Gen<JsonNode?> Junk => Gen.OneOf(
        Gen.Int[0, 0].Select(_ => (JsonNode?)new JsonObject()),
        Gen.Int[0, 0].Select(_ => (JsonNode?)new JsonArray(1, "two", null)),
        Gen.Int.Select(number => (JsonNode?)number),
        Gen.Double[-1e300, 1e300].Select(number => (JsonNode?)number),
        Gen.Bool.Select(value => (JsonNode?)value),
        Gen.Char.Array[0, 40].Select(text => (JsonNode?)$" {Printable(text)}\u0001/?"),
        Gen.Char.Array[300, 400].Select(text => (JsonNode?)Printable(text)));

    // A lone surrogate is no text that this test's own JSON writer takes; the agent's unit tests send some.
    private static string Printable(char[] text) => new([.. text.Where(c => !char.IsSurrogate(c))]);

    private static Gen<T> OneOf<T>(params T[] values) => Gen.Int[0, values.Length - 1].Select(i => values[i]);
}
