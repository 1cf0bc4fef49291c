using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Supervision;
using OvimSpokeAgent.Tests.Cluster;
using OvimSpokeAgent.Tests.VirtualMachines;

namespace OvimSpokeAgent.Tests.VirtualDataCenters;

/// <summary>
/// The agent dies at every write of every operation that changes a VDC, or a VM in one, right before the write takes
/// effect or right after: the next agent does the operation again, and the cluster ends as if nothing had happened.
/// </summary>
public sealed class VdcCrashTests
{
    private const string Before =
        """ "quota":{"cpu":8,"memory":16},"network_policy":"isolated","admin_groups":["old","kept"],"labels":{"tier":"1"} """;

    private const string Key = "ovim-op-00000000000000000042";

    public static TheoryData<string, string> Operations => new()
    {
        { "create_vdc", """ "vdc_name":"new","target_namespace":"acme-new","quota":{"cpu":8},"network_policy":"isolated","admin_groups":["a"] """ },
        { "update_vdc", """ "quota":{"cpu":4,"memory":null},"network_policy":"custom","custom_network_config":{"deny_all_egress":true},"admin_groups":["kept","new"],"labels":{"tier":null,"x":"y"} """ },
        { "delete_vdc", """ "cascade":true """ },
        { "create_resource_quota", """ "namespace":"acme-dev","quota":{"storage":100} """ },
        { "create_limit_range", """ "namespace":"acme-dev","limit_range":{"maxCpu":2000} """ },
        { "create_vm", """ "name":"new","namespace":"acme-dev","image_url":"x/y:1","cpu":1,"memory":"1Gi","ssh_keys":["ssh-ed25519 AAAA me"] """ },
        { "update_vm", """ "name":"web","namespace":"acme-dev","cpu":4,"labels":{"a":"b"} """ },
        { "start_vm", """ "name":"web","namespace":"acme-dev" """ },
        { "delete_vm", """ "name":"web","namespace":"acme-dev" """ },
    };

    [Theory]
    [MemberData(nameof(Operations))]
    public async Task Operation_that_was_cut_off_at_any_write_ends_as_if_nothing_had_happened(string type, string payload)
    {
        var (expected, writes) = await RunAsync(type, payload, diesAt: null, afterEffect: false);
        Assert.InRange(writes, 1, 20);

        for (var step = 1; step <= writes; step++)
        {
            foreach (var afterEffect in (bool[])[false, true])
            {
                var (content, _) = await RunAsync(type, payload, step, afterEffect);
                Assert.True(
                    expected.SequenceEqual(content),
                    $"{type} died {(afterEffect ? "after" : "before")} write {step}:\n{string.Join('\n', content.Except(expected))}\ninstead of\n"
                    + string.Join('\n', expected.Except(content)));
            }
        }
    }

    [Theory]
    [MemberData(nameof(Operations))]
    public async Task Operation_that_was_refused_at_any_write_is_ended_by_its_retry_and_opens_nothing_meanwhile(string type, string payload)
    {
        var (expected, writes) = await RunAsync(type, payload, diesAt: null, afterEffect: false);

        for (var step = 1; step <= writes; step++)
        {
            var content = await RefusedAsync(type, payload, step);
            Assert.True(
                expected.SequenceEqual(content),
                $"{type} refused at write {step}:\n{string.Join('\n', content.Except(expected))}\ninstead of\n{string.Join('\n', expected.Except(content))}");
        }
    }

    private static async Task<IReadOnlyList<string>> RefusedAsync(string type, string payload, int step)
    {
        var time = new TestTime();
        var cluster = new FakeKubernetesApi(time);
        await using var host = await VdcHost.StartAsync(cluster, time);
        Assert.True((await host.RunAsync("create_vdc", Before)).IsCompleted);
        Assert.True((await host.CreateVmAsync("web", 2, run: false)).IsCompleted);
        await host.PassesUntilAsync(() => host.Status() is { Status: "Active", ResourceUsage.VmCount: 1 });
        var (writes, open) = (0, new List<string>());
        cluster.Fault = request => IsOfOperation(request) && ++writes == step ? FakeKubernetesApi.Error(ApiErrorReason.Forbidden, "refused") : null;
        cluster.Changed = change =>
        {
            var there = cluster.ObjectsIn("acme-dev").Select(item => item.Name.Name).ToHashSet();
            var isGone = cluster.Find(KubernetesKinds.Namespace, NamespacedName.ClusterScoped("acme-dev")) is null;
            if (!isGone && !(there.Contains("vdc-quota") && (there.Contains("vdc-isolation-policy") || there.Contains("vdc-custom-policy"))))
                open.Add($"after {change.Kind} {change.Name}");
        };

        await Record.ExceptionAsync(() => host.Of(type, payload, Key).RunAsync());
        Assert.True((await host.Of(type, payload, Key).RunUntilDoneAsync()).IsCompleted);

        await host.PassesUntilAsync(host.IsAllAsDeclared);
        Assert.Empty(open);
        return cluster.Content();
    }

    private static async Task<(IReadOnlyList<string> Content, int Writes)> RunAsync(string type, string payload, int? diesAt, bool afterEffect)
    {
        var time = new TestTime();
        var cluster = new FakeKubernetesApi(time);
        Execution execution;
        var writes = 0;
        await using (var host = await VdcHost.StartAsync(cluster, time))
        {
            Assert.True((await host.RunAsync("create_vdc", Before)).IsCompleted);
            Assert.True((await host.CreateVmAsync("web", 2, run: false)).IsCompleted);
            await host.PassesUntilAsync(() => host.Status() is { Status: "Active", ResourceUsage.VmCount: 1 });
            execution = host.Of(type, payload, Key);
            var isDead = false;
            cluster.Fault = request =>
            {
                if (!IsOfOperation(request)) return isDead ? Dead() : null;
                isDead |= ++writes == diesAt && !afterEffect;
                return isDead ? Dead() : null;
            };
            cluster.LostAnswer = request =>
            {
                isDead |= writes == diesAt && IsOfOperation(request);
                return isDead ? Dead() : null;
            };
            if (diesAt is null) Assert.True((await execution.RunAsync()).IsCompleted);
            else await Assert.ThrowsAsync<KubernetesApiException>(execution.RunAsync);
        }
        (cluster.Fault, cluster.LostAnswer) = (null, null);

        await using var next = await VdcHost.StartAsync(cluster, time);
        var again = next.Of(type, payload, Key, execution.Checkpoint);
        Assert.True((await again.RunUntilDoneAsync()).IsCompleted);
        await next.PassesUntilAsync(() => next.IsAllAsDeclared());
        return (cluster.Content(), writes);
    }

    private static KubernetesApiException Dead() => new(ApiErrorReason.Unavailable, "the agent is dead");

    // The loops of the host write too, at times of their own; the operation runs in none of them.
    private static bool IsOfOperation(FakeRequest request) =>
        request.Verb is "create" or "patch" or "apply" or "delete" && CurrentComponent.Name is null;
}
