using System.Globalization;
using CsCheck;
using OvimSpokeAgent.EndToEnd.Tests.Harness;
using OvimSpokeAgent.EndToEnd.Tests.VirtualDataCenters;
using Xunit.Abstractions;

namespace OvimSpokeAgent.EndToEnd.Tests.BlastRadius;

/// <summary>
/// A tenant writes whatever the role <c>ovim:vdc-admin</c> lets through, and tries what it does not.
/// <c>OVIM_HOSTILE_OBJECTS</c> says how many objects of a seed, <c>OVIM_HOSTILE_SEED</c> runs one seed alone.
/// </summary>
public sealed class HostileTenantTests(Clusters clusters, ITestOutputHelper output) : IClassFixture<Clusters>
{
    private const int Batch = 200;

    private static readonly int Objects = Amounts.Of(200, 1000);

    // With what README says may come on top of 4 vCPUs and 8 GiB.
    private const string Declaration = """{"quota":{"cpu":4,"memory":8},"network_policy":"isolated","admin_groups":["acme-admins"]}""";
    private const string AdminGroup = "acme-admins";
    private const decimal MostCores = 10;
    private const decimal MostBytes = 28L << 30;

    [Theory, SeedsOnRealApiServer]
    public async Task Objects_of_a_tenant_cost_nobody_else_anything(int seed)
    {
        output.WriteLine($"{GeneratedRuns.SeedVariable}={seed}");
        var objects = Generated(seed, Objects);
        await using var world = await TenantsWorld.OpenAsync(clusters);
        var theirs = await world.HasVdcAsync(Declaration);
        using var hand = world.Admin.As("mallory", AdminGroup);
        var tenant = new HostileTenant(hand, theirs);
        var isolation = await IsolationAsync(world, theirs);

        List<NeighbourTimes> unharmed = [], harmed = [];
        foreach (var batch in objects.Chunk(Batch)) unharmed.Add(await world.ServesNeighbourAsync());
        foreach (var batch in objects.Chunk(Batch))
        {
            var writing = tenant.WritesAsync(batch);
            harmed.Add(await world.ServesNeighbourAsync());
            await writing;
            await world.IsReadyNowAsync();
            await IsLimitedAsync(world, theirs, isolation);
        }
        await world.RestartAgentAsync();
        harmed.Add(await world.ServesNeighbourAsync());
        await world.ReportsVdcAsync(theirs, "Active");
        await IsLimitedAsync(world, theirs, isolation);

        await ShowAsync(world, tenant, unharmed, harmed);
        Assert.Empty(await tenant.GoneAsync(world.Admin));
        Assert.All((string[])["virtualmachines", "virtualmachineinstancetypes", "secrets", "configmaps"], kind => Assert.True(
            tenant.Taken.GetValueOrDefault(kind) > objects.Length / 100, $"{kind}: {tenant.Taken.GetValueOrDefault(kind)} were taken"));
    }

    private static HostileObject[] Generated(int seed, int count) => HostileObject.Any.Array[count].Generate(new PCG(0, (uint)seed), null, out _);

    private static async Task<string> IsolationAsync(TenantsWorld world, string vdc) =>
        (await world.Admin.GetAsync($"{VdcWorld.Collection(vdc, VdcWorld.Policies)}/vdc-isolation-policy"))["spec"]!.ToJsonString();

    // Its quota is not above what README says, and its isolation is there.
    private static async Task IsLimitedAsync(TenantsWorld world, string vdc, string isolation)
    {
        var quota = await world.Admin.GetAsync($"{VdcWorld.Collection(vdc, VdcWorld.Quotas)}/vdc-quota");
        IsWithin("requests.cpu", 4, MostCores);
        IsWithin("requests.memory", 8L << 30, MostBytes);
        Assert.Equal(isolation, await IsolationAsync(world, vdc));

        void IsWithin(string resource, decimal least, decimal most)
        {
            var text = (string)quota["spec"]!["hard"]![resource]!;
            Assert.True(
                Cluster.Quantity.TryParse(text, out var quantity) && quantity.Value >= least && quantity.Value <= most,
                $"{resource} of vdc-quota is {text}, not from {least} to {most}; {quota["metadata"]!["annotations"]}");
        }
    }

    private async Task ShowAsync(TenantsWorld world, HostileTenant tenant, List<NeighbourTimes> unharmed, List<NeighbourTimes> harmed)
    {
        output.WriteLine($"taken: {Listed(tenant.Taken)}");
        output.WriteLine($"refused: {Listed(tenant.Refused)}");
        output.WriteLine($"objects that failed: {string.Join(", ", await world.ObjectFailuresAsync())}");
        output.WriteLine($"another tenant waited (median, longest) {Waited(unharmed)} unharmed, {Waited(harmed)} beside the hostile one");

        static string Listed(IReadOnlyDictionary<string, int> counts) =>
            string.Join(", ", counts.OrderBy(count => count.Key, StringComparer.Ordinal).Select(count => $"{count.Value} {count.Key}"));

        static string Waited(List<NeighbourTimes> times) =>
            $"{Figures(times.Select(time => time.Operation))} for a VM and {Figures(times.Select(time => time.Repair))} for a repair";

        static string Figures(IEnumerable<TimeSpan> times)
        {
            var sorted = times.Order().ToList();
            return string.Create(
                CultureInfo.InvariantCulture, $"{sorted[sorted.Count / 2].TotalMilliseconds:0}, {sorted[^1].TotalMilliseconds:0} ms");
        }
    }
}
