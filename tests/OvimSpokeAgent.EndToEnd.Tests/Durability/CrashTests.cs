using OvimSpokeAgent.EndToEnd.Tests.Harness;
using Xunit.Abstractions;

namespace OvimSpokeAgent.EndToEnd.Tests.Durability;

/// <summary>The agent is killed (SIGKILL) at every step of every operation that changes something, on a sandbox.</summary>
public sealed class CrashTests(ITestOutputHelper output)
{
    public static TheoryData<string> All => [.. CrashCases.All.Keys];

    public static TheoryData<string> Sample => [.. CrashCases.Sample];

    [Theory, MemberData(nameof(All))]
    public Task Operation_cut_off_at_any_step_ends_as_if_nothing_had_happened(string name) => SurvivesAsync(name, Way.Poll, output);

    /// <summary>Runs a case on a sandbox of its own.</summary>
    internal static async Task SurvivesAsync(string name, Way way, ITestOutputHelper output)
    {
        await using var world = await CrashWorld.OpenAsync(
            await TestEnvironment.StartAsync(await SandboxTestCluster.StartAsync(), ownsCluster: true), way, CrashCases.All[name].LeavesOrphans);

        await world.SurvivesAsync(name, output);
    }
}

/// <summary>The same for operations that are pushed; a class of its own, so that it runs beside the others.</summary>
public sealed class PushedCrashTests(ITestOutputHelper output)
{
    [Theory, MemberData(nameof(CrashTests.All), MemberType = typeof(CrashTests))]
    public Task Operation_cut_off_at_any_step_ends_as_if_nothing_had_happened(string name) =>
        CrashTests.SurvivesAsync(name, Way.Push, output);
}

/// <summary>The same for operations that come, and are stored, together.</summary>
public sealed class BatchCrashTests(ITestOutputHelper output)
{
    [Theory, MemberData(nameof(CrashTests.Sample), MemberType = typeof(CrashTests))]
    public Task Operation_cut_off_at_any_step_ends_as_if_nothing_had_happened(string name) =>
        CrashTests.SurvivesAsync(name, Way.Together, output);
}
