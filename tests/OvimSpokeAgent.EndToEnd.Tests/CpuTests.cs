using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using OvimSpokeAgent.EndToEnd.Tests.Harness;
using Xunit.Abstractions;

namespace OvimSpokeAgent.EndToEnd.Tests;

/// <summary>A pod with little CPU: the kubelet's probes end no agent that only is slow.</summary>
[Collection(AloneCollection.Name)]
public sealed class CpuTests(ITestOutputHelper output)
{
    private const int ManyVms = 5_000;
    private const double LowLimit = 0.2;

    // Of the probes of Kubernetes, where deploy/base leaves it open.
    private const int DefaultFailureThreshold = 3;

    // .NET counts no less than one, whatever the limit.
    private static readonly (string Name, string Value) OneProcessor = ("DOTNET_PROCESSOR_COUNT", "1");

    [Fact]
    public async Task Agent_is_live_in_time_with_no_more_cpu_than_its_pod_asks_for()
    {
        await using var world = await WorldAsync(100);
        var container = Manifests.AgentContainer();
        var cores = Cores((string)container["resources"]!["requests"]!["cpu"]!);
        var probe = container["startupProbe"]!;
        var time = TimeSpan.FromSeconds((int)probe["periodSeconds"]! * (int)probe["failureThreshold"]!);

        world.StartPlainAgent();
        await world.Agent.IsLiveAsync();

        // Of CPU, so that the machine's other work does not count.
        var used = world.Agent.CpuTime;
        output.WriteLine($"live after {used.TotalSeconds:0.00} s of CPU: with {cores} of a core {used.TotalSeconds / cores:0} s of {time.TotalSeconds}");
        Assert.InRange(used, TimeSpan.FromTicks(1), time * cores);
    }

    [Fact]
    public async Task Agent_of_many_vms_answers_its_liveness_probe_with_a_fifth_of_a_core()
    {
        await using var world = await WorldAsync(ManyVms);
        var probe = Manifests.AgentContainer()["livenessProbe"]!;
        var timeout = TimeSpan.FromSeconds((int)probe["timeoutSeconds"]!);

        world.StartPlainAgent();
        await world.Agent.IsLiveAsync();
        await using var limit = new CpuLimit(world.Agent, LowLimit);
        using var ended = new CancellationTokenSource();
        var probes = ProbeAsync(world.Agent, timeout, ended.Token);
        var running = Stopwatch.StartNew();
        await world.ReportsAsync(report => (string?)report.Json["status"] == "healthy" && report.Json["vms"]!.AsArray().Count == ManyVms);
        var now = DateTimeOffset.UtcNow;
        await world.ReportsAsync(report => report.ReceivedAt > now + TimeSpan.FromSeconds(5));
        await ended.CancelAsync();

        var answers = await probes;
        output.WriteLine($"{answers.Count} probes in {running.Elapsed.TotalSeconds:0.0} s, longest {answers.Max(answer => answer.Took.TotalSeconds):0.00} s");
        var inARow = 0;
        Assert.All(answers, answer => Assert.InRange(inARow = answer.IsAlive ? 0 : inARow + 1, 0, DefaultFailureThreshold - 1));
    }

    private static async Task<ProcessWorld> WorldAsync(int vms)
    {
        var world = await ProcessWorld.BuildAsync(OneProcessor, ("OVIM_HEARTBEAT_INTERVAL", "2s"));
        var objects = ((SandboxTestCluster)world.Environment.Cluster).Api.Objects("kubevirt.io/v1", "virtualmachines");
        for (var i = 0; i < vms; i++) objects.Create(Vm(world.Environment.Namespace, i));
        return world;
    }

    // More often than the kubelet.
    private static async Task<List<(bool IsAlive, TimeSpan Took)>> ProbeAsync(AgentProcess agent, TimeSpan timeout, CancellationToken ended)
    {
        using var http = new HttpClient { BaseAddress = agent.Url, Timeout = timeout };
        var answers = new List<(bool, TimeSpan)>();
        while (!ended.IsCancellationRequested)
        {
            var clock = Stopwatch.StartNew();
            bool isAlive;
            try
            {
                using var answer = await http.GetAsync(new Uri("health/live", UriKind.Relative), CancellationToken.None);
                isAlive = answer.IsSuccessStatusCode;
            }
            catch (OperationCanceledException)
            {
                isAlive = false;
            }
            answers.Add((isAlive, clock.Elapsed));
            await Task.Delay(TimeSpan.FromSeconds(0.5), CancellationToken.None);
        }
        return answers;
    }

    private static double Cores(string quantity) => quantity.EndsWith('m')
        ? double.Parse(quantity[..^1], CultureInfo.InvariantCulture) / 1000
        : double.Parse(quantity, CultureInfo.InvariantCulture);

    private static JsonObject Vm(string ns, int i) => JsonNode.Parse(
        $$"""
        {
          "apiVersion": "kubevirt.io/v1", "kind": "VirtualMachine", "metadata": { "name": "vm-{{i}}", "namespace": "{{ns}}" },
          "spec": { "runStrategy": "Halted", "template": { "spec": { "domain": { "devices": {}, "memory": { "guest": "64Mi" } } } } }
        }
        """)!.AsObject();
}
