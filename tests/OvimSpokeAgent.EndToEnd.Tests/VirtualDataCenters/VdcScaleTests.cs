using System.Text.Json.Nodes;
using OvimSpokeAgent.EndToEnd.Tests.Harness;

namespace OvimSpokeAgent.EndToEnd.Tests.VirtualDataCenters;

/// <summary>Many VDCs (two hundred in full): what they cost the API server.</summary>
public sealed class VdcScaleTests(Clusters clusters) : IClassFixture<Clusters>
{
    private const int Drifted = 10;

    // Namespace, four policies, quota, limits, binding.
    private const int WritesOfVdc = 8;

    private static readonly int Vdcs = Amounts.Of(40, 200);

    // On a busy machine the Lease can be lost, and what is under way begins again.
    private static readonly (string Name, string Value) WithoutLease = ("OVIM_LEADER_ELECTION", "false");

    private const string Payload =
        """{"quota":{"cpu":20,"memory":64},"limit_range":{"max_cpu":8},"network_policy":"isolated","admin_groups":["acme"]}""";

    [Theory, OnSandbox, OnRealApiServer]
    public async Task Many_vdcs_are_made_survive_a_restart_and_drift_for_few_requests(ClusterKind kind)
    {
        await using var world = await VdcWorld.OpenAsync(clusters, kind, WithoutLease);
        var vdcs = Enumerable.Range(0, Vdcs).Select(_ => world.NewVdc("scale")).ToList();

        var results = await Task.WhenAll(vdcs.Select(vdc => world.Queues("create_vdc", vdc, Payload)).Select(world.Environment.ResultOfAsync));

        Assert.All(results, result => Assert.True((string?)result["status"] == "completed", result.ToJsonString()));
        var writes = WritesTo(world.Agent.ClusterRequests.All, vdcs);
        Assert.True(writes.Count == Vdcs * WritesOfVdc, $"{writes.Count} writes, more than once: {string.Join('\n', Repeated(writes).Take(20))}");
        await ReportsAllActiveAsync(world, vdcs);

        await world.RestartAgentAsync(WithoutLease);
        await ReportsAllActiveAsync(world, vdcs);

        Assert.Empty(WritesTo(world.Agent.ClusterRequests.All, vdcs));
        Assert.Empty(ReadsOf(world.Agent.ClusterRequests.All, vdcs));

        var before = world.Agent.ClusterRequests.All.Count;
        foreach (var vdc in vdcs.Take(Drifted))
            await world.Admin.DeleteAsync($"{VdcWorld.Collection(vdc, VdcWorld.Policies)}/vdc-isolation-policy");
        foreach (var vdc in vdcs.Take(Drifted))
            await world.WaitForAsync(vdc, VdcWorld.Policies, "vdc-isolation-policy", policy => policy is not null);
        await ReportsAllActiveAsync(world, vdcs);

        var since = world.Agent.ClusterRequests.All.Skip(before).ToList();
        Assert.Equal(Drifted, WritesTo(since, vdcs).Count);
        Assert.Equal(Drifted, ReadsOf(since, vdcs).Count);
        Assert.Empty(WritesTo(since, vdcs.Skip(Drifted)).Concat(ReadsOf(since, vdcs.Skip(Drifted))));
    }

    private static Task<JsonObject> ReportsAllActiveAsync(VdcWorld world, IReadOnlyList<string> vdcs) =>
        world.Environment.ReportsAsync(world.Agent, report =>
        {
            var active = report["vdcs"]!.AsArray().Where(vdc => (string?)vdc!["status"] == "Active")
                .Select(vdc => (string?)vdc!["namespace"]).ToHashSet();
            return vdcs.All(active.Contains);
        });

    // Events are no part of a VDC.
    private static List<string> WritesTo(IEnumerable<string> requests, IEnumerable<string> vdcs)
    {
        var ours = vdcs.ToHashSet();
        return [.. requests.Where(request => !request.StartsWith("GET ", StringComparison.Ordinal)
            && !request.Contains("/events", StringComparison.Ordinal)
            && (ours.Contains(NamespaceOf(request)) || (ours.Count == Vdcs && request.StartsWith("POST /api/v1/namespaces?", StringComparison.Ordinal))))];
    }

    private static IEnumerable<string> Repeated(IEnumerable<string> writes) =>
        writes.CountBy(write => write).Where(write => write.Value > 1).Select(write => $"{write.Value} × {write.Key}");

    private static List<string> ReadsOf(IEnumerable<string> requests, IEnumerable<string> vdcs)
    {
        var ours = vdcs.ToHashSet();
        return [.. requests.Where(request =>
            request.StartsWith("GET ", StringComparison.Ordinal) && ours.Contains(NamespaceOf(request)))];
    }

    private static string NamespaceOf(string request)
    {
        const string Marker = "/namespaces/";
        var at = request.IndexOf(Marker, StringComparison.Ordinal);
        return at < 0 ? "" : request[(at + Marker.Length)..].Split('/', '?')[0];
    }
}
