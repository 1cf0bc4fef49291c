using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using OvimSpokeAgent.EndToEnd.Tests.Harness;
using OvimSpokeAgent.EndToEnd.Tests.Hub;
using OvimSpokeAgent.EndToEnd.Tests.LocalApi;

namespace OvimSpokeAgent.EndToEnd.Tests.Operations;

/// <summary>
/// What may be secret is never shown, however wrong it is: each operation gets each such field in every JSON type with a
/// canary in it, which is then looked for, whole and in pieces, in all that the agent says.
/// </summary>
public sealed class SecretCanaryTests
{
    private const string Canary = SeededSecrets.Canary;
    private const long NumericCanary = 918_273_645_546_372;
    private const int Piece = 8;
    private const string PushToken = "push-s3cr3t";

    private static readonly string[] Types =
    [
        "create_vm", "update_vm", "delete_vm", "start_vm", "stop_vm", "restart_vm", "get_vm_status", "list_vms", "create_vdc", "update_vdc",
        "delete_vdc", "create_resource_quota", "create_limit_range", "sync_templates", "update_config", "get_health", "get_metrics", "fly_vm",
    ];

    private static readonly string[] Fields =
        ["cloud_init", "ssh_keys", "network_data", "sysprep", "secret_name", "annotations", "settings", "templates", "something_new"];

    [Fact]
    public async Task No_field_that_may_be_secret_is_ever_shown()
    {
        await using var cluster = await SandboxTestCluster.StartAsync();
        await using var environment = await TestEnvironment.StartAsync(cluster, ownsCluster: false);
        using var token = new MountedSecret(("token", PushToken));
        var variables = environment.Variables();
        (variables["OVIM_LOG_LEVEL"], variables["OVIM_PUSH_TOKEN_FILE"]) = ("debug", token["token"]);
        await using var agent = AgentProcess.Start(variables);
        await agent.IsReadyAsync();
        var id = $"spoke-agent-{environment.AgentNamespace}";

        var expected = QueueAll(environment, id);
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(3));
        await environment.Hub.WaitForResultsAsync(
            results => results.Select(result => result.OperationId).Distinct().Count() >= expected, limit.Token);
        var said = new List<string>(await PushBrokenBodiesAsync(agent));
        var reports = environment.Hub.Reports.Count;
        await environment.ReportsAsync(id, _ => environment.Hub.Reports.Count > reports + 1);

        foreach (var path in (string[])["/health/status", "/health", "/metrics"]) said.Add(await agent.GetAsync(path));
        using (var local = new LocalClient(agent.LocalUrl))
        {
            foreach (var path in LocalClient.Documents) said.Add((await local.GetAsync(path)).ToJsonString());
        }
        said.Add((await cluster.Admin.GetAsync("api/v1/events")).ToJsonString());
        said.AddRange(environment.Hub.Results.Select(result => result.Body));
        said.AddRange(environment.Hub.Reports.Select(report => report.Json.ToJsonString()));
        Assert.Contains(environment.Hub.Reports, report => report.Json["errors"] is JsonArray { Count: > 0 });
        Assert.Equal(0, await agent.TerminateAsync());
        said.Add(agent.Output);
        Assert.All(said, text => Assert.DoesNotContain(Pieces, piece => text.Contains(piece, StringComparison.Ordinal)));
    }

    private static readonly IReadOnlyList<string> Pieces =
    [
        .. ((string[])[Canary, Convert.ToBase64String(Encoding.UTF8.GetBytes(Canary)), $"{NumericCanary}"])
            .SelectMany(text => Enumerable.Range(0, text.Length - Piece + 1).Select(start => text.Substring(start, Piece))),
    ];

    /// <summary>A canary in every JSON type.</summary>
    private static IEnumerable<JsonNode> Values() =>
    [
        Canary, NumericCanary, new JsonArray(Canary), new JsonArray(new JsonObject { ["key"] = Canary }), new JsonArray(NumericCanary),
        new JsonObject { ["key"] = Canary }, new JsonObject { [Canary] = new JsonArray(Canary) }, new JsonObject { ["key"] = NumericCanary },
        new JsonObject { ["key"] = new JsonObject { ["cloud_init"] = Canary } },
        $"ssh-ed25519\n{Canary}", new JsonArray($"-----BEGIN PRIVATE KEY----- {Canary}", $"{Canary}\u0001"),
    ];

    /// <summary>Queues everything; returns how many results there will be.</summary>
    private static int QueueAll(TestEnvironment environment, string agent)
    {
        var ids = 0;
        foreach (var type in Types)
        {
            foreach (var value in Values())
            {
                Queue(PayloadWith(value, environment.Namespace, isElseRight: true), type);
                Queue(PayloadWith(value, environment.Namespace, isElseRight: false), type);
            }
            // The payload as a whole, such as JSON in a string.
            foreach (var value in Values().Where(value => value is not JsonObject)) Queue(value, type);
        }
        Queue(new JsonObject { ["cloud_init"] = $"{new string('a', 300 << 10)}{Canary}" }, "create_vm"); // too long
        foreach (var value in Values()) environment.Hub.QueueRaw(agent, value);
        environment.Hub.QueueRaw(agent, new JsonObject { ["type"] = "create_vm", ["payload"] = new JsonObject { ["cloud_init"] = Canary } });
        return ids;

        void Queue(JsonNode payload, string type) => environment.Hub.QueueRaw(agent, new JsonObject
        {
            ["id"] = $"op-{ids++}",
            ["type"] = type,
            ["payload"] = payload,
            ["timestamp"] = "2026-11-23T08:37:01Z",
        });
    }

    /// <summary>A payload with the same value in every field that may be secret: all that is wrong is told at once.</summary>
    private static JsonObject PayloadWith(JsonNode value, string ns, bool isElseRight)
    {
        var payload = new JsonObject
        {
            ["name"] = "web",
            ["namespace"] = ns,
            ["image_url"] = "disk",
            ["cpu"] = 1,
            ["memory"] = "1Gi",
            ["vdc_name"] = "none",
            ["target_namespace"] = "vdc-none",
        };
        if (!isElseRight) (payload["name"], payload["vdc_name"], payload["target_namespace"]) = ("-none-", 1, "-none-");
        foreach (var field in Fields)
        {
            // Of an annotation the name is shown, so that it can be found.
            if (field != "annotations" || value is not JsonObject map || !map.ContainsKey(Canary)) payload[field] = value.DeepClone();
        }
        return payload;
    }

    private static async Task<IReadOnlyList<string>> PushBrokenBodiesAsync(AgentProcess agent)
    {
        using var http = new HttpClient { BaseAddress = agent.Url };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", PushToken);
        var answers = new List<string>();
        foreach (var body in (string[])
        [
            Canary, $"\"{Canary}\"", $"{{\"id\":\"op-p\",\"payload\":{{\"cloud_init\":true{Canary}}}}}",
            $"{{\"id\":\"op-p\",\"payload\":{{\"cloud_init\":\"{Canary}", $"[{{\"cloud_init\":\"{Canary}\"}}]",
            $"{{\"id\":{{\"key\":1}},\"type\":\"create_vm\",\"payload\":\"{Canary}\"}}", $"{{\"payload\":[\"{Canary}\"]}}",
        ])
        {
            using var answer = await http.PostAsync(new Uri("operations", UriKind.Relative), new StringContent(body));
            answers.Add($"{(int)answer.StatusCode} {await answer.Content.ReadAsStringAsync()}");
        }
        return answers;
    }
}
