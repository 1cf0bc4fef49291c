using OvimSpokeAgent.EndToEnd.Tests.Harness;
using Xunit.Abstractions;

namespace OvimSpokeAgent.EndToEnd.Tests.Durability;

/// <summary>The same on a real API server, for a sample of the operations.</summary>
public sealed class RealCrashTests(Clusters clusters, ITestOutputHelper output) : IClassFixture<Clusters>
{
    [Theory, OnRealApiServer]
    public async Task Operations_cut_off_at_any_step_end_as_if_nothing_had_happened(ClusterKind kind)
    {
        await using var world = await CrashWorld.OpenAsync(await clusters.OnAsync(kind), Way.Poll);

        foreach (var name in CrashCases.Sample) await world.SurvivesAsync(name, output);
    }
}
