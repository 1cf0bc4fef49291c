using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using KubernetesSandbox.Cluster;
using OvimSpokeAgent.EndToEnd.Tests.Harness;
using OvimSpokeAgent.EndToEnd.Tests.Hub;

namespace OvimSpokeAgent.EndToEnd.Tests.Durability;

/// <summary>Much and large work, in as much memory as .NET takes of the deployed pod's 512 MiB.</summary>
public sealed class JournalMemoryTests
{
    // 75 % of 512 MiB, in the hexadecimal digits that .NET expects.
    private static readonly (string Name, string Value) AsDeployed = ("DOTNET_GCHeapHardLimit", "18000000");

    [Fact]
    public async Task Large_operations_behind_one_that_waits_are_kept_taken_up_again_and_done()
    {
        var count = Amounts.Of(50, 125);
        await using var cluster = await SandboxTestCluster.StartAsync();
        await using var environment = await TestEnvironment.StartAsync(cluster, ownsCluster: false);
        var id = $"spoke-agent-{environment.AgentNamespace}";
        await using (var agent = Start(environment))
        {
            await HasDeletionThatWaitsAsync(environment, agent, id);
            for (var i = 0; i < count; i++)
            {
                environment.Hub.Queue(id, "update_vm", Large(environment), $"op-{i:000}");
                if (i % 25 == 24) await TakenAsync(environment, agent, i + 2);
            }
            await LooksAtTheJournalAsync(cluster, environment);
        } // killed

        await using var next = Start(environment);
        await next.IsReadyAsync();
        await environment.ChangesVmAsync("web", new JsonObject { ["metadata"] = new JsonObject { ["finalizers"] = new JsonArray() } });
        for (var i = 0; i < count; i++) await environment.ResultOfAsync($"op-{i:000}");

        Assert.Equal(0, await next.TerminateAsync());
    }

    [Fact]
    public async Task Answer_of_many_operations_is_stored_as_it_comes_and_taken_up_again()
    {
        var count = Amounts.Of(24_000, 120_000);
        await using var cluster = await SandboxTestCluster.StartAsync();
        await using var environment = await TestEnvironment.StartAsync(cluster, ownsCluster: false);
        await using var hub = new RawHub();
        hub.Answer("/spoke/operations", "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n");
        // What they are to do waits for the test: only that they are stored counts.
        cluster.Api.Faults.Add(new ClusterFault { Kind = ClusterFaultKind.Status, StatusCode = 503, Resource = "virtualmachines", Method = "POST" });
        await using (var agent = Start(environment, ("OVIM_HUB_ENDPOINT", hub.Url.ToString())))
        {
            await agent.IsReadyAsync();
            var answer = Many(environment, count);
            Assert.InRange(answer.Length / count, 340, 380); // 41 MiB of 120,000
            var isFirst = true;
            hub.Answer("/spoke/operations", async connection =>
            {
                var body = isFirst ? answer : "[]";
                isFirst = false;
                await connection.WriteAsync($"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {body.Length}\r\nConnection: close\r\n\r\n");
                await connection.WriteAsync(body);
            });
            await UntilAsync(() => StoredTogether(cluster, environment) == count, () => $"{StoredTogether(cluster, environment)} stored\n{agent.Output}");
            Assert.Contains("ovim_agent_hub_possible_losses_total 0", await agent.GetAsync("metrics"), StringComparison.Ordinal);
        } // killed

        await using var next = Start(environment);
        await next.IsReadyAsync();
        await UntilAsync(
            async () => (await next.GetAsync("health/status")).Contains($"{count} to do", StringComparison.Ordinal), () => next.Output);
        cluster.Api.Faults.Clear();

        Assert.Equal("completed", (string?)(await environment.ResultOfAsync("op-0"))["status"]);
        Assert.Equal("completed", (string?)(await environment.ResultOfAsync("op-300"))["status"]);
    }

    [Fact]
    public async Task Operations_with_more_mistakes_than_anyone_reads_are_refused_each()
    {
        var count = Amounts.Of(10, 40);
        await using var environment = await TestEnvironment.StartAsync(await SandboxTestCluster.StartAsync(), ownsCluster: true);
        var id = $"spoke-agent-{environment.AgentNamespace}";
        await using var agent = Start(environment);
        await agent.IsReadyAsync();

        for (var i = 0; i < count; i++)
        {
            environment.Hub.Queue(
                id,
                "create_vdc",
                new JsonObject
                {
                    ["target_namespace"] = $"odd-{i}",
                    ["vdc_name"] = "odd",
                    ["admin_groups"] = new JsonArray([.. Enumerable.Repeat(0, 240_000).Select(number => (JsonNode)number)]),
                },
                $"op-{i:000}");
        }

        for (var i = 0; i < count; i++)
        {
            var error = (string)(await environment.ResultOfAsync($"op-{i:000}"))["error"]!;
            Assert.StartsWith("admin_groups[0]: 0 is not a string", error, StringComparison.Ordinal);
            Assert.True(error.Length < 10_000);
        }
        Assert.Equal(0, await agent.TerminateAsync());
        Assert.True(agent.Output.Length < 1 << 20, $"{agent.Output.Length} characters in the log");
    }

    private static AgentProcess Start(TestEnvironment environment, params (string Name, string Value)[] changed)
    {
        var variables = environment.Variables();
        foreach (var (name, value) in changed.Append(AsDeployed)) variables[name] = value;
        return AgentProcess.Start(variables);
    }

    private static async Task HasDeletionThatWaitsAsync(TestEnvironment environment, AgentProcess agent, string id)
    {
        await agent.IsReadyAsync();
        await environment.Cluster.Admin.CreateAsync(TestClusterExtensions.VmsOf(environment.Namespace), JsonNode.Parse("""
            {"apiVersion":"kubevirt.io/v1","kind":"VirtualMachine",
             "metadata":{"name":"web","finalizers":["example.com/hold"],"labels":{"app.kubernetes.io/managed-by":"ovim-spoke-agent"}},
             "spec":{"runStrategy":"Halted","template":{"spec":{"domain":{"devices":{},"memory":{"guest":"64Mi"}}}}}}
            """)!.AsObject());
        environment.Hub.Queue(id, "delete_vm", new JsonObject { ["name"] = "web", ["namespace"] = environment.Namespace }, "op-delete", timeoutSeconds: 3600);
        await environment.Cluster.WaitForVmAsync(environment.Namespace, "web", vm => vm?["metadata"]!["deletionTimestamp"] is not null);
    }

    private static JsonObject Large(TestEnvironment environment) => new()
    {
        ["name"] = "web",
        ["namespace"] = environment.Namespace,
        ["labels"] = new JsonObject { ["a"] = "b" },
        ["padding"] = new string('x', 490 << 10),
    };

    private static string Many(TestEnvironment environment, int count)
    {
        var text = new StringBuilder("[", count * 360);
        for (var i = 0; i < count; i++)
        {
            text.Append(CultureInfo.InvariantCulture, $$$"""
                {"id":"op-{{{i}}}","type":"create_vm","timestamp":"2026-11-23T08:37:01Z","payload":{"name":"vm-{{{i}}}","namespace":"{{{environment.Namespace}}}",
                "image_url":"quay.io/containerdisks/fedora:latest","cpu":1,"memory":1,"run":false,"labels":{"tier":"front","owner":"team-of-the-tenant"},"cloud_init":"#cloud-config\nhostname: front\nusers:\n- name: operations\n  shell: /bin/bash\n"}},
                """);
        }
        text[^1] = ']';
        return text.ToString();
    }

    private static Task TakenAsync(TestEnvironment environment, AgentProcess agent, int count) => UntilAsync(
        () => Secrets(environment).Count() >= count, () => $"{Secrets(environment).Count()} of {count} taken\n{agent.Output}");

    private static IEnumerable<JsonObject> Secrets(TestEnvironment environment) =>
        ((SandboxTestCluster)environment.Cluster).Api.Objects("v1", "secrets").List(environment.AgentNamespace);

    private static int StoredTogether(SandboxTestCluster cluster, TestEnvironment environment) =>
        cluster.Api.Objects("v1", "secrets").List(environment.AgentNamespace)
            .Where(secret => (string?)secret["type"] == "ovim.io/operations.v1")
            .Sum(secret => (int)JsonNode.Parse((string)secret["metadata"]!["annotations"]!["ovim.io/operation-record"]!)!["count"]!);

    // The minute's look for what others stored: with all bodies it took more memory than there is.
    private static async Task LooksAtTheJournalAsync(SandboxTestCluster cluster, TestEnvironment environment)
    {
        cluster.Api.Requests.Clear();
        using var patience = new CancellationTokenSource(2 * JsonApi.Patience); // it comes once a minute
        await cluster.Api.Requests.FirstAsync(
            request => request is { Verb: "list", Resource: "secrets" } && request.Namespace == environment.AgentNamespace, patience.Token);
    }

    private static Task UntilAsync(Func<bool> condition, Func<string> otherwise) => UntilAsync(() => Task.FromResult(condition()), otherwise);

    private static async Task UntilAsync(Func<Task<bool>> condition, Func<string> otherwise)
    {
        using var patience = new CancellationTokenSource(5 * JsonApi.Patience);
        using var looks = new PeriodicTimer(TimeSpan.FromMilliseconds(200));
        while (!await condition())
        {
            try
            {
                await looks.WaitForNextTickAsync(patience.Token);
            }
            catch (OperationCanceledException)
            {
                throw new TimeoutException(otherwise());
            }
        }
    }
}
