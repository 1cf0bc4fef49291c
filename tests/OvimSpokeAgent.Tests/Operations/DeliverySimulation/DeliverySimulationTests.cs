using System.Globalization;
using OvimSpokeAgent.Tests.Simulation;
using Xunit.Abstractions;

namespace OvimSpokeAgent.Tests.Operations.DeliverySimulation;

/// <summary>
/// The delivery of results against a hub that fails in part, through schedules made from seeds. <c>OVIM_SIMULATION_SEED</c>
/// runs one seed alone and shows what happened; <c>2001-9999</c> runs these.
/// </summary>
public sealed class DeliverySimulationTests(ITestOutputHelper output)
{
    private const int Schedules = 2000;

    [Fact]
    public void What_the_hub_takes_is_delivered_within_five_seconds_whatever_it_refuses()
    {
        var (first, last) = Seeds();
        var (failed, steps) = (new List<string>(), 0L);
        for (var seed = first; seed <= last; seed++)
        {
            var world = DeliveryWorld.Run(DeliverySchedule.FromSeed(seed));
            steps += world.Simulator.Steps;
            if (first == last) foreach (var line in Show(world)) output.WriteLine(line);
            try
            {
                DeliveryInvariants.Check(world);
            }
            catch (SimulationException e)
            {
                failed.Add(e.Message);
            }
        }
        output.WriteLine($"{last - first + 1} schedules, {steps} steps");
        Assert.True(failed.Count == 0, $"{failed.Count} schedules, the first of them:\n{string.Join('\n', failed.Take(3))}");
    }

    private static IEnumerable<string> Show(DeliveryWorld world) =>
        world.Hub.Attempts.SelectMany(id => id.Value.Select(at => (at, $"attempt {id.Key}")))
            .Concat(world.Hub.Settled.Select(settled => (settled.At, $"{(settled.IsTaken ? "took" : "refused")} {settled.Id} {settled.Body}")))
            .Concat(world.Answers.Select(answer => (answer.At, "answer")))
            .OrderBy(line => line.Item1)
            .Select(line => $"{line.Item1.TotalSeconds.ToString("0.000", CultureInfo.InvariantCulture)} {line.Item2}");

    private static (int First, int Last) Seeds()
    {
        if (Environment.GetEnvironmentVariable("OVIM_SIMULATION_SEED") is not { Length: > 0 } text) return (1, Schedules);
        var ends = text.Split('-').Select(end => int.Parse(end, CultureInfo.InvariantCulture)).ToArray();
        return (ends[0], ends[^1]);
    }
}
