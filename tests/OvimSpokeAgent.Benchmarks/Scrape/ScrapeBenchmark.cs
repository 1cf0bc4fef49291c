using System.Diagnostics;
using KubernetesSandbox.KubeVirt;
using KubernetesSandbox.Metrics;
using OvimSpokeAgent.Benchmarks.CreateVm;
using OvimSpokeAgent.EndToEnd.Tests.Harness;
using OvimSpokeAgent.Sandbox.Hub;

namespace OvimSpokeAgent.Benchmarks.Scrape;

/// <summary>
/// What Prometheus waits for: <c>/metrics</c> of an agent that is a process of its own and has many running VMs, whose use is
/// measured. The sandbox's cluster and hub are in this process; the agent reports as it does in a cluster.
/// </summary>
internal static class ScrapeBenchmark
{
    private const int WarmUp = 20; // enough for the code of a build that is not native to be compiled

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    /// <param name="vms">How many VMs there are.</param>
    /// <param name="scrapes">How many scrapes are measured.</param>
    /// <param name="screen">Gets the figures.</param>
    /// <param name="stop">Ends it early.</param>
    /// <exception cref="BenchmarkException">The agent does not tell of all VMs.</exception>
    public static async Task RunAsync(int vms, int scrapes, TextWriter screen, CancellationToken stop)
    {
        await screen.WriteLineAsync($"/metrics of an agent with {vms} running VMs; {Environment.ProcessorCount} cores here");
        foreach (var perVm in (bool[])[true, false])
        {
            await using var cluster = await SandboxTestCluster.StartAsync(hasController: false);
            var place = await Workplace.PrepareAsync(cluster);
            RunningVms.Arrange(cluster.Api, place.Machines, [], vms);
            await using var metrics = await SandboxMetrics.StartAsync(new() { Connection = cluster.Api.ClientConfiguration() }, stop);
            await using var hub = await SandboxHub.StartAsync(cancellationToken: stop);
            var variables = MeasuredAgent.Variables(hub, place);
            variables["OVIM_METRICS_PER_VM"] = perVm ? "true" : "false";
            await using var agent = AgentProcess.StartPlain(variables);
            await TellsOfAllAsync(hub, vms, agent, stop);
            await screen.WriteLineAsync(await MeasureAsync(agent, perVm, scrapes, stop));
        }
    }

    private static async Task TellsOfAllAsync(SandboxHub hub, int vms, AgentProcess agent, CancellationToken stop)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(stop);
        limit.CancelAfter(Patience);
        try
        {
            await hub.ReportAsync(
                report => report.Json["vms"]!.AsArray().Count(vm => (string?)vm!["status"] == "running" && vm["cpu_used"] is not null) == vms,
                limit.Token);
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            throw new BenchmarkException($"the agent did not tell of {vms} VMs and their use within {Patience}:\n{agent.Output}");
        }
    }

    private static async Task<string> MeasureAsync(AgentProcess agent, bool perVm, int scrapes, CancellationToken stop)
    {
        var times = new List<TimeSpan>();
        var text = "";
        for (var i = 0; i < WarmUp + scrapes; i++)
        {
            stop.ThrowIfCancellationRequested();
            var started = Stopwatch.GetTimestamp();
            text = await agent.GetAsync("metrics");
            if (i >= WarmUp) times.Add(Stopwatch.GetElapsedTime(started));
        }
        var distribution = new Distribution(times);
        var series = text.Split('\n').Count(line => line.Length > 0 && line[0] != '#');
        return $"{(perVm ? "with" : "without")} series of each VM: {series} series, {text.Length >> 10} KiB; median "
            + $"{distribution.Median.TotalMilliseconds:0.0} ms, 99 % within {distribution.P99.TotalMilliseconds:0.0} ms, "
            + $"all {distribution.Count} within {distribution.Longest.TotalMilliseconds:0.0} ms";
    }
}
