using System.CommandLine;
using k8s.Exceptions;
using OvimSpokeAgent.Benchmarks.CreateVm;
using OvimSpokeAgent.Benchmarks.Fleet;
using OvimSpokeAgent.Benchmarks.Scrape;
using OvimSpokeAgent.Configuration;
using OvimSpokeAgent.Sandbox;
using OvimSpokeAgent.Tests.Hub;

namespace OvimSpokeAgent.Benchmarks;

/// <summary>The command line: a command a benchmark.</summary>
internal static class BenchmarkCommand
{
    private const int MaxOperations = 10_000;
    private const int MaxRounds = 100;
    private const int MaxAgents = 100_000;
    private const int MaxMinutes = 24 * 60;
    private const int MaxSeconds = 600;
    private const int MaxVms = 100_000;

    /// <summary>Runs a benchmark until it is done or <paramref name="stop"/> is cancelled.</summary>
    /// <returns>The exit code: 0 if it could be measured, <see cref="CommandLine.UsageError"/>, else 1.</returns>
    public static Task<int> RunAsync(string[] args, TextWriter screen, TextWriter errors, CancellationToken stop)
    {
        var command = new RootCommand("Measures the OVIM spoke agent: speed, memory, scale. Use a Release build.")
        {
            CreateVm(screen, errors),
            Fleet(screen),
            Scrape(screen, errors),
        };
        return CommandLine.RunAsync("benchmarks", command, args, screen, errors, stop);
    }

    private static Command CreateVm(TextWriter screen, TextWriter errors)
    {
        var operations = CommandOptions.Number(
            "--operations", "N", "How many operations the hub hands out at once", 500, 1, MaxOperations);
        var single = CommandOptions.Number("--single", "N", "How many it hands out one at a time", 200, 1, MaxOperations);
        var processes = CommandOptions.Number("--processes", "N", "How many fresh processes get a first answer", 20, 1, MaxRounds);
        var rounds = CommandOptions.Number("--rounds", "N", "How often agent and raw rate are measured in turn", 5, 1, MaxRounds);
        var command = new Command(
            "create-vm",
            "create_vm from the hub to the cluster and back: operations a second beside the API server's own rate for the same "
            + "writes, and the time from a poll's answer to the stored operation.")
        {
            operations, single, processes, rounds,
        };
        command.SetAction((result, stop) => MeasuredAsync(
            () => CreateVmBenchmark.RunAsync(
                new CreateVmSettings
                {
                    Operations = result.GetValue(operations),
                    Single = result.GetValue(single),
                    Processes = result.GetValue(processes),
                    Rounds = result.GetValue(rounds),
                },
                screen,
                stop),
            errors,
            stop));
        return command;
    }

    private static Command Fleet(TextWriter screen)
    {
        var agents = CommandOptions.Number("--agents", "N", "How many agents there are", 10_000, 1, MaxAgents);
        var outage = CommandOptions.Number("--outage", "MINUTES", "How long they are without the hub", 10, 1, MaxMinutes);
        var failure = CommandOptions.Number(
            "--failure-takes", "SECONDS", "How long a request takes to fail: 0 where the connection is refused", 0, 0, 30);
        var inPhase = new Option<bool>("--in-phase") { Description = "All agents were started in the same instant" };
        var seconds = CommandOptions.Number("--seconds", "N", "How many seconds after the hub's return are shown", 90, 1, MaxSeconds);
        var command = new Command(
            "fleet",
            "Simulates agents that lose the hub, and prints the rate of requests in each second after its return beside the even "
            + "rate. No sockets, no waiting: the agents' own schedules in simulated time.")
        {
            agents, outage, failure, inPhase, seconds,
        };
        command.SetAction(result => FleetCurve.Print(
            new FleetScenario
            {
                Agents = result.GetValue(agents),
                Outage = TimeSpan.FromMinutes(result.GetValue(outage)),
                FailureTakes = TimeSpan.FromSeconds(result.GetValue(failure)),
                InPhase = result.GetValue(inPhase),
                Watched = TimeSpan.FromSeconds(result.GetValue(seconds)),
            },
            screen));
        return command;
    }

    private static Command Scrape(TextWriter screen, TextWriter errors)
    {
        var vms = CommandOptions.Number("--vms", "N", "How many running VMs there are", 5_000, 1, MaxVms);
        var scrapes = CommandOptions.Number("--scrapes", "N", "How many scrapes are measured", 100, 1, MaxOperations);
        var command = new Command("scrape", "The time that /metrics takes, with and without the series of each VM.") { vms, scrapes };
        command.SetAction((result, stop) => MeasuredAsync(
            () => ScrapeBenchmark.RunAsync(result.GetValue(vms), result.GetValue(scrapes), screen, stop), errors, stop));
        return command;
    }

    private static async Task<int> MeasuredAsync(Func<Task> benchmark, TextWriter errors, CancellationToken stop)
    {
        try
        {
            await benchmark();
            return 0;
        }
        catch (Exception e) when (e is BenchmarkException or KubeConfigException or HttpRequestException or TimeoutException)
        {
            await errors.WriteLineAsync($"benchmarks: {e.Message}");
            return 1;
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return 1;
        }
    }
}

/// <summary>Something cannot be measured; the message is for who runs the benchmark.</summary>
internal sealed class BenchmarkException(string message) : Exception(message);
