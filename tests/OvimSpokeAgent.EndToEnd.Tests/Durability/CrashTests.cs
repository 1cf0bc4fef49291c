using OvimSpokeAgent.EndToEnd.Tests.Harness;
using Xunit.Abstractions;

namespace OvimSpokeAgent.EndToEnd.Tests.Durability;

/// <summary>The agent is killed (SIGKILL) at every step of every operation that changes something, on a sandbox.</summary>
public sealed class CrashTests(ITestOutputHelper output)
{
    public static TheoryData<string, Way> Everything()
    {
        var cases = new TheoryData<string, Way>();
        foreach (var name in CrashCases.All.Keys)
        {
            cases.Add(name, Way.Poll);
            cases.Add(name, Way.Push);
        }
        foreach (var name in CrashCases.Sample) cases.Add(name, Way.Together);
        return cases;
    }

    [Theory, MemberData(nameof(Everything))]
    public async Task Operation_cut_off_at_any_step_ends_as_if_nothing_had_happened(string name, Way way)
    {
        await using var world = await CrashWorld.OpenAsync(
            await TestEnvironment.StartAsync(await SandboxTestCluster.StartAsync(), ownsCluster: true), way);

        await world.SurvivesAsync(name, output);
    }
}
