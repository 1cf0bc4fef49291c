using System.Diagnostics;
using System.Text.Json.Nodes;
using OvimSpokeAgent.EndToEnd.Tests.Harness;
using Xunit.Abstractions;

namespace OvimSpokeAgent.EndToEnd.Tests.VirtualDataCenters;

/// <summary>Someone else writes what the agent writes, for half a minute: how often the agent puts it back, and what it tells.</summary>
public sealed class VdcContestTests(Clusters clusters, ITestOutputHelper output) : IClassFixture<Clusters>
{
    private const string Whole =
        """{"quota":{"cpu":4,"memory":8},"limit_range":{"max_cpu":2},"network_policy":"isolated","admin_groups":["acme-admins"]}""";

    private static readonly TimeSpan Duration = TimeSpan.FromSeconds(30);

    [Theory, OnRealApiServer]
    public async Task Writer_that_sets_a_value_back_is_answered_at_a_pace_and_named(ClusterKind kind)
    {
        await using var world = await VdcWorld.OpenAsync(clusters, kind);
        var (label, looser, tighter) = (await SettledAsync(world), await SettledAsync(world), await SettledAsync(world));
        var before = world.Agent.ClusterRequests.All.Count;

        await Task.WhenAll(
            FightAsync(world, $"api/v1/namespaces", label, ns => (string?)ns["metadata"]!["labels"]!["pod-security.kubernetes.io/enforce"] == "privileged",
                """{"metadata":{"labels":{"pod-security.kubernetes.io/enforce":"privileged"} } }"""),
            FightAsync(world, VdcWorld.Collection(looser, VdcWorld.Quotas), "vdc-quota", quota => (string?)quota["spec"]!["hard"]!["requests.cpu"] == "400",
                """{"spec":{"hard":{"requests.cpu":"400"} } }"""),
            FightAsync(world, VdcWorld.Collection(tighter, VdcWorld.Quotas), "vdc-quota", quota => (string?)quota["spec"]!["hard"]!["requests.cpu"] == "1",
                """{"spec":{"hard":{"requests.cpu":"1"} } }"""));

        var writes = world.Agent.ClusterRequests.All.Skip(before).Where(request => request.StartsWith("PATCH ", StringComparison.Ordinal)).ToList();
        var (ofLabel, ofLooser, ofTighter) = (Count($"/namespaces/{label}?"), Count($"/{looser}/resourcequotas"), Count($"/{tighter}/resourcequotas"));
        output.WriteLine($"repairs in {Duration.TotalSeconds} s: label {ofLabel}, looser quota {ofLooser}, tighter quota {ofTighter}");
        Assert.InRange(ofLabel, 2, 8);
        Assert.InRange(ofLooser, 2, 8);
        Assert.InRange(ofTighter, 2, 5);
        foreach (var (vdc, what) in ((string, string)[])
            [
                (label, $"Namespace {label} is changed again and again (metadata.labels[pod-security.kubernetes.io/enforce] is privileged, declared is baseline, by stubborn)"),
                (looser, "ResourceQuota vdc-quota is changed again and again (spec.hard[requests.cpu] is 400, declared is 4, by stubborn)"),
                (tighter, "ResourceQuota vdc-quota is changed again and again (spec.hard[requests.cpu] is 1, declared is 4, by stubborn)"),
            ])
        {
            await world.ReportsVdcAsync(vdc, status => status["warnings"]?.AsArray().Any(warning => (string?)warning == what) is true);
            await world.Admin.WaitForAnyAsync($"api/v1/namespaces/{(vdc == label ? "default" : vdc)}/events", item =>
                (string?)item["reason"] == "DriftContested" && ((string)item["message"]!).EndsWith(what, StringComparison.Ordinal));
        }
        await world.Environment.SaysInHealthAsync(world.Agent, "vdcs", "is changed again and again");

        int Count(string path) => writes.Count(request => request.Contains(path, StringComparison.Ordinal));
    }

    [Theory, OnRealApiServer]
    public async Task Policy_of_the_cluster_that_changes_what_is_written_is_recognised(ClusterKind kind)
    {
        await using var world = await VdcWorld.OpenAsync(clusters, kind);
        var vdc = await SettledAsync(world);
        await using var webhook = await AdmissionWebhook.StartAsync(world.Admin, vdc, mutates: true);
        webhook.Change = request => request.Resource == VdcWorld.Quotas && request.Operation != "DELETE"
            ? new JsonArray(new JsonObject { ["op"] = "replace", ["path"] = "/spec/hard/requests.cpu", ["value"] = "3" })
            : null;
        var before = world.Agent.ClusterRequests.All.Count;

        await world.Admin.MergeAsync(
            $"{VdcWorld.Collection(vdc, VdcWorld.Quotas)}/vdc-quota", JsonNode.Parse("""{"spec":{"hard":{"requests.memory":"9Gi"} } }""")!.AsObject());
        await Task.Delay(Duration);

        var writes = world.Agent.ClusterRequests.All.Skip(before).Count(request =>
            request.Contains($"/{vdc}/resourcequotas", StringComparison.Ordinal) && !request.StartsWith("GET ", StringComparison.Ordinal));
        output.WriteLine($"writes in {Duration.TotalSeconds} s: {writes}");
        Assert.InRange(writes, 1, 5);
        const string Told = "does not stay as declared: something on the cluster, an admission webhook or policy, changes what is written "
            + "(spec.hard[requests.cpu] is 3, declared is 4)";
        await world.ReportsVdcAsync(vdc, status => (string?)status["status"] == "Failed"
            && ((string)status["warnings"]![0]!).Contains(Told, StringComparison.Ordinal));
        webhook.Change = _ => null;
        await world.ReportsVdcAsync(vdc, status => (string?)status["status"] == "Active" && status["warnings"] is null);
    }

    // Whatever someone else makes of the object, the writer sets it back at once.
    private static async Task FightAsync(VdcWorld world, string collection, string name, Func<JsonObject, bool> isAsIWant, string patch)
    {
        using var over = new CancellationTokenSource(Duration);
        var began = Stopwatch.GetTimestamp();
        var want = JsonNode.Parse(patch)!.AsObject();
        var following = await world.Admin.FollowAsync($"{collection}", item =>
        {
            if ((string?)item["metadata"]!["name"] == name && !isAsIWant(item) && Stopwatch.GetElapsedTime(began) < Duration)
                _ = world.Admin.MergeAsync($"{collection}/{name}?fieldManager=stubborn", want.DeepClone().AsObject());
        }, over.Token);
        await world.Admin.MergeAsync($"{collection}/{name}?fieldManager=stubborn", want.DeepClone().AsObject());
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => following);
    }

    private static async Task<string> SettledAsync(VdcWorld world)
    {
        var vdc = world.NewVdc();
        await world.CompletesAsync("create_vdc", vdc, Whole);
        await world.ReportsVdcAsync(vdc, status => (string?)status["status"] == "Active");
        return vdc;
    }
}
