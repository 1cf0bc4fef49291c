using System.Text.Json.Nodes;
using OvimSpokeAgent.EndToEnd.Tests.Harness;
using Xunit.Abstractions;

namespace OvimSpokeAgent.EndToEnd.Tests.Hub.Hostile;

/// <summary>
/// The agent as a process with the memory that it has in a pod, against a hub whose answers are made by chance.
/// <c>OVIM_HOSTILE_ANSWERS</c> says how many answers a seed gives, <c>OVIM_HOSTILE_SEED</c> runs one seed alone.
/// </summary>
public sealed class HostileHubTests(ITestOutputHelper output)
{
    private const int Round = 100;

    private static readonly int Answers = Amounts.Of(100, 2000);

    // What .NET takes of a limit of 512 Mi, in hexadecimal.
    private const string HeapOfAPod = "18000000";
    private const string PushToken = "push-t0ken";

    [Theory]
    [MemberData(nameof(GeneratedRuns.Seeds), MemberType = typeof(GeneratedRuns), DisableDiscoveryEnumeration = true)]
    public async Task Agent_stands_whatever_the_hub_answers(int seed)
    {
        output.WriteLine($"{GeneratedRuns.SeedVariable}={seed}");
        var answers = Answers;
        await using var hub = new HostileHub(seed);
        using var token = new MountedSecret(("token", PushToken));
        await using var world = await ProcessWorld.BuildAsync(
            ("OVIM_HUB_ENDPOINT", hub.Url.ToString()), ("OVIM_HUB_POLL_INTERVAL", "100ms"), ("OVIM_HEARTBEAT_INTERVAL", "500ms"),
            ("OVIM_HUB_TIMEOUT", "4s"), ("OVIM_HEALTH_CHECK_INTERVAL", "1s"), ("OVIM_PUSH_TOKEN_FILE", token["token"]),
            ("DOTNET_GCHeapHardLimit", HeapOfAPod));
        world.StartAgent();
        await world.Agent.IsReadyAsync();
        hub.LossesTold = () => world.MetricAsync("ovim_agent_hub_possible_losses_total");

        List<string> honest = [];
        for (var given = 0; given < answers; given += Round)
        {
            honest.Add($"op-{seed}-honest-{given}");
            await IsHostileForAsync(hub, Round);
            await DoesHonestWorkAsync(hub, world, honest[^1]);
        }
        // Last: once the hub pushes, the agent polls less often.
        var pushed = await PushesAsync(hub, world, seed, answers / 10);

        await AllIsDoneOnceAsync(hub, [.. hub.HandedOut, .. pushed], honest);
        var vms = await world.Environment.Cluster.Admin.GetAsync(TestClusterExtensions.VmsOf(world.Environment.Namespace));
        Assert.Equal(honest.Order(), vms["items"]!.AsArray().Select(vm => (string)vm!["metadata"]!["name"]!).Order());
        await world.AsksAsync("health/status", text => (string?)JsonNode.Parse(text)!["state"] == "Healthy");
        Assert.Equal(0, await world.Agent.TerminateAsync());
        output.WriteLine($"{hub}");
    }

    private static async Task IsHostileForAsync(HostileHub hub, int answers)
    {
        hub.IsHonest = false;
        var until = hub.Given + answers;
        await hub.WaitForAsync(() => $"{until} answers", its => its.Given >= until, JsonApi.Patience);
    }

    // An honest answer is done and answered, the agent is ready, and it has told of everything that it may have lost.
    private static async Task DoesHonestWorkAsync(HostileHub hub, ProcessWorld world, string id)
    {
        hub.IsHonest = true;
        hub.Queue(id, OperationBytes.Honest(id, world.Environment.Namespace));
        await hub.WaitForAsync(() => $"the result of {id}", its => its.HasResultOf(id), JsonApi.Patience);
        await world.Agent.GetAsync("health/ready");
        Assert.True(hub.Misjudged is null, $"{hub.Misjudged}; {hub}");
    }

    private async Task<IReadOnlyList<string>> PushesAsync(HostileHub hub, ProcessWorld world, int seed, int pushes)
    {
        var random = new Random(seed);
        var pusher = new HostilePusher(world.Agent.Url, PushToken, random, new OperationBytes(random, $"{seed}-push"));
        hub.IsHonest = false;
        for (var i = 0; i < pushes; i++) await pusher.PushAsync();
        hub.IsHonest = true;
        await world.Agent.GetAsync("health/ready");
        output.WriteLine($"pushes by status, 0 where there was none: {string.Join(", ", pusher.Statuses.Select(status => $"{status.Value} × {status.Key}"))}");
        return pusher.Accepted;
    }

    private static async Task AllIsDoneOnceAsync(HostileHub hub, IReadOnlyList<string> all, IReadOnlyList<string> honest)
    {
        await hub.WaitForAsync(() => $"results of {hub.Unanswered(all)}", its => all.All(its.HasResultOf), JsonApi.Patience);
        foreach (var result in hub.Results.GroupBy(result => result.Id))
        {
            var bodies = result.Select(one => one.Body).Distinct().ToList();
            Assert.True(bodies.Count == 1, $"{hub}: {result.Key} was done more than once: {string.Join('\n', bodies)}");
            var (status, wanted) = ((string?)JsonNode.Parse(bodies[0])!["status"], honest.Contains(result.Key) ? "completed" : "failed");
            Assert.True(status == wanted, $"{hub}: {result.Key} should be {wanted}: {bodies[0]}");
        }
    }
}
