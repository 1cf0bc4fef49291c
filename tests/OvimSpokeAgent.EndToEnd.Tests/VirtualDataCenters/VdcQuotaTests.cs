using System.Text.Json.Nodes;
using OvimSpokeAgent.EndToEnd.Tests.Harness;

namespace OvimSpokeAgent.EndToEnd.Tests.VirtualDataCenters;

/// <summary>What a quota means: vCPUs and guest memory of all VMs, and a net under it that lets them run.</summary>
public sealed class VdcQuotaTests(Clusters clusters) : IClassFixture<Clusters>
{
    private const string Quota = """{"quota":{"cpu":8,"memory":16},"limit_range":{"max_cpu":4}}""";

    [Theory, OnSandbox, OnRealApiServer]
    public async Task Vms_beyond_what_is_declared_are_refused_with_the_figures(ClusterKind kind)
    {
        await using var world = await VdcWorld.OpenAsync(clusters, kind);
        var vdc = world.NewVdc();
        await world.CompletesAsync("create_vdc", vdc, Quota);

        Assert.Null(await world.CreatesVmAsync(vdc, "a", 4, "4Gi"));
        Assert.Null(await world.CreatesVmAsync(vdc, "b", 2, "4Gi"));

        Assert.Equal("quota.cpu: asked 4 vCPUs, used 6 vCPUs, allowed 8", await world.CreatesVmAsync(vdc, "c", 4, "1Gi"));
        Assert.Equal("quota.memory: asked 9Gi, used 8Gi, allowed 16Gi", await world.CreatesVmAsync(vdc, "c", 2, "9Gi"));
        Assert.StartsWith(
            "cpu: 5 vCPUs are too much, limit_range.max_cpu is 4", await world.CreatesVmAsync(vdc, "c", 5, "1Gi"), StringComparison.Ordinal);
        Assert.Equal(
            "quota.cpu: asked 4 vCPUs, used 6 vCPUs, allowed 8",
            (string?)(await world.RunsVmAsync("create_vm", vdc, "c", """{"image_url":"x/y:1","cpu":4,"memory":1}"""))["error"]);
        var grown = await world.RunsVmAsync("update_vm", vdc, "b", """{"cpu":4}""");
        Assert.Equal("4", (string?)grown["result"]!["cpu"]);
        Assert.Equal(
            "quota.memory: asked 13Gi, used 4Gi, allowed 16Gi",
            (string?)(await world.RunsVmAsync("update_vm", vdc, "b", """{"memory":13}"""))["error"]);
        var usage = (await world.ReportsVdcAsync(vdc, status => (long?)status["resource_usage"]!["cpu_used"] == 8000))["resource_usage"]!;
        Assert.Equal(
            (8000L, 8L << 30, 16L << 30, 2, 50.0),
            ((long)usage["cpu_capacity"]!, (long)usage["memory_used"]!, (long)usage["memory_capacity"]!, (int)usage["vm_count"]!,
                (double)usage["memory_percent"]!));
    }

    [Theory, OnSandbox, OnRealApiServer]
    public async Task Of_many_at_once_exactly_those_are_made_that_there_is_room_for(ClusterKind kind)
    {
        await using var world = await VdcWorld.OpenAsync(clusters, kind);
        var vdc = world.NewVdc();
        await world.CompletesAsync("create_vdc", vdc, Quota);

        var errors = await Task.WhenAll(Enumerable.Range(0, 16).Select(i => world.CreatesVmAsync(vdc, $"vm-{i}", 2, "1Gi")));

        Assert.Equal(4, errors.Count(error => error is null));
        Assert.All(errors.Where(error => error is not null), error =>
            Assert.StartsWith("quota.cpu: asked 2 vCPUs, used 8 vCPUs", error, StringComparison.Ordinal));
        Assert.Equal(4, (await world.NamesAsync(vdc, "virtualmachines")).Count);
    }

    [Theory, OnSandbox, OnRealApiServer]
    public async Task Number_of_vms_is_kept_and_counts_at_once_when_it_is_raised(ClusterKind kind)
    {
        await using var world = await VdcWorld.OpenAsync(clusters, kind);
        var vdc = world.NewVdc();
        await world.CompletesAsync("create_vdc", vdc, """{"quota":{"vms":1}}""");
        Assert.Null(await world.CreatesVmAsync(vdc, "vm-1", 1, "1Gi"));

        for (var allowed = 1; allowed < 4; allowed++)
        {
            Assert.Equal($"quota.vms: asked 1 VM, used {allowed}, allowed {allowed}", await world.CreatesVmAsync(vdc, "more", 1, "1Gi"));
            await world.CompletesAsync("update_vdc", vdc, $$$"""{"quota":{"vms":{{{allowed + 1}}} } }""");
            Assert.Null(await world.CreatesVmAsync(vdc, $"vm-{allowed + 1}", 1, "1Gi"));
        }
    }

    [Theory, OnRealApiServer]
    public async Task Net_lets_every_vm_run_that_the_check_let_in_and_one_migrate(ClusterKind kind)
    {
        await using var world = await VdcWorld.OpenAsync(clusters, kind);
        var vdc = world.NewVdc();
        await world.CompletesAsync("create_vdc", vdc, Quota);
        await world.WaitForAsync(vdc, "serviceaccounts", "default", account => account is not null);
        foreach (var vm in (string[])["a", "b", "c", "d"]) Assert.Null(await world.CreatesVmAsync(vdc, vm, 2, "4Gi"));
        await world.WaitForAsync(vdc, VdcWorld.Quotas, "vdc-quota", quota =>
            (string?)quota?["status"]?["hard"]?["requests.memory"] is { } enforced
            && enforced == (string?)quota["spec"]!["hard"]!["requests.memory"]);

        // What virt-launcher's pods request for such a VM: its vCPUs and memory with KubeVirt's overhead.
        foreach (var pod in (string[])["a", "b", "c", "d", "migration-target-of-a"])
            await world.Admin.CreateAsync(VdcWorld.Collection(vdc, "pods"), Launcher(pod, "2", "4416Mi"));

        var beyond = await Assert.ThrowsAsync<InvalidOperationException>(() =>
            world.Admin.CreateAsync(VdcWorld.Collection(vdc, "pods"), Launcher("much", "5", "1Gi")));
        Assert.Contains("exceeded quota", beyond.Message, StringComparison.Ordinal);
        var reported = await world.ReportsVdcAsync(vdc, status => (int?)status["resource_usage"]!["pod_count"] == 5);
        Assert.Equal(8000, (long)reported["resource_usage"]!["cpu_capacity"]!);
        Assert.Null(reported["warnings"]);
    }

    // As CDI and KubeVirt make them, beside a VM that takes all of the quota.
    [Theory, OnRealApiServer]
    public async Task Pods_of_imports_and_of_hotplug_are_admitted_with_and_without_resources(ClusterKind kind)
    {
        await using var world = await VdcWorld.OpenAsync(clusters, kind);
        var vdc = world.NewVdc();
        await world.CompletesAsync("create_vdc", vdc, """{"quota":{"cpu":4,"memory":8},"limit_range":{"max_cpu":4,"max_memory":8}}""");
        await world.WaitForAsync(vdc, "serviceaccounts", "default", account => account is not null);
        Assert.Null(await world.CreatesVmAsync(vdc, "web", 4, "8Gi"));
        await world.Admin.CreateAsync(VdcWorld.Collection(vdc, "pods"), Launcher("web", "4", "8640Mi"));

        foreach (var (index, resources) in ((string[])
        [
            "{}", """{"limits":{"cpu":"750m","memory":"600M"},"requests":{"cpu":"100m","memory":"60M"}}""",
            """{"limits":{"cpu":"100m","memory":"80M"},"requests":{"cpu":"100m","memory":"80M"}}""",
            """{"limits":{"cpu":"100m","memory":"80M"},"requests":{"cpu":"10m","memory":"2M"}}""",
        ]).Index())
        {
            await world.Admin.CreateAsync(VdcWorld.Collection(vdc, "pods"), VdcWorld.Pod($"pod-{index}", resources));
        }

        var hard = (await world.GetAsync(vdc, VdcWorld.Quotas, "vdc-quota"))["spec"]!["hard"]!.AsObject();
        Assert.DoesNotContain(hard, entry => entry.Key.StartsWith("limits.", StringComparison.Ordinal));
    }

    [Theory, OnRealApiServer]
    public async Task Usage_is_in_reports_and_metrics(ClusterKind kind)
    {
        await using var world = await VdcWorld.OpenAsync(clusters, kind);
        var vdc = world.NewVdc();
        await world.CompletesAsync("create_vdc", vdc, """{"quota":{"cpu":8,"memory":16,"storage":40}}""");
        await world.WaitForAsync(vdc, VdcWorld.Quotas, "vdc-quota", quota => quota?["status"]?["hard"]?["requests.storage"] is not null);
        Assert.Null(await world.CreatesVmAsync(vdc, "web", 2, "4Gi"));
        await world.Admin.CreateAsync(VdcWorld.Collection(vdc, "persistentvolumeclaims"), JsonNode.Parse("""
            {"apiVersion":"v1","kind":"PersistentVolumeClaim","metadata":{"name":"data"},
            "spec":{"accessModes":["ReadWriteOnce"],"resources":{"requests":{"storage":"10Gi"} } } }
            """)!.AsObject());

        var usage = (await world.ReportsVdcAsync(vdc, status =>
            (long?)status["resource_usage"]!["storage_used"] == 10L << 30 && (int?)status["resource_usage"]!["vm_count"] == 1))["resource_usage"]!;

        Assert.Equal(
            (2000L, 8000L, 4L << 30, 16L << 30, 40L << 30, 25.0),
            ((long)usage["cpu_used"]!, (long)usage["cpu_capacity"]!, (long)usage["memory_used"]!, (long)usage["memory_capacity"]!,
                (long)usage["storage_capacity"]!, (double)usage["storage_percent"]!));
        foreach (var (metric, resource, value) in ((string, string, double)[])
            [
                ("used", "cpu", 2), ("used", "memory", 4L << 30), ("used", "storage", 10L << 30), ("used", "vms", 1), ("used", "pods", 0),
                ("quota", "cpu", 8), ("quota", "memory", 16L << 30), ("quota", "storage", 40L << 30),
            ])
        {
            var name = $"ovim_agent_vdc_{metric}{{vdc=\"{vdc}\",namespace=\"{vdc}\",resource=\"{resource}\"}}";
            Assert.Equal((name, value), (name, await world.Agent.MetricAsync(name)));
        }

        await world.CompletesAsync("delete_vdc", vdc, """{"cascade":true}""");
        await world.Environment.ReportsAsync(world.Agent, report => report["vdcs"]!.AsArray().All(item => (string?)item!["namespace"] != vdc));
        Assert.DoesNotContain($"\"{vdc}\"", (await world.Agent.GetAsync("metrics")).Text, StringComparison.Ordinal);
    }

    [Theory, OnSandbox, OnRealApiServer]
    public async Task Vms_that_tenants_make_count_and_what_they_take_too_much_is_told(ClusterKind kind)
    {
        await using var world = await VdcWorld.OpenAsync(clusters, kind);
        var vdc = world.NewVdc();
        await world.CompletesAsync("create_vdc", vdc, Quota);
        Assert.Equal("completed", (string?)(await world.RunsVmAsync(
            "create_vm", vdc, "halted", """{"image_url":"x/y:1","cpu":2,"memory":1,"run":false}"""))["status"]);

        await world.Admin.CreateAsync(VdcWorld.Collection(vdc, "virtualmachines"), JsonNode.Parse("""
            {"apiVersion":"kubevirt.io/v1","kind":"VirtualMachine","metadata":{"name":"tenants"},
            "spec":{"runStrategy":"Always","template":{"spec":{"domain":{"devices":{},"cpu":{"cores":7},"memory":{"guest":"1Gi"}}}}}}
            """)!.AsObject());

        var status = await world.ReportsVdcAsync(vdc, status => (long?)status["resource_usage"]!["cpu_used"] == 9000);
        Assert.Contains("over quota: 9 vCPUs, allowed 8", status["warnings"]!.AsArray().Select(warning => (string?)warning));
        Assert.Contains(status["warnings"]!.AsArray(), warning => ((string)warning!).StartsWith("1 VMs request fewer cores", StringComparison.Ordinal));
        Assert.Equal(
            "quota.cpu: asked 2 vCPUs, used 7 vCPUs, allowed 8",
            (string?)(await world.RunsVmAsync("start_vm", vdc, "halted"))["error"]);
    }

    [Theory, OnSandbox, OnRealApiServer]
    public async Task Instancetype_counts_as_what_it_gives(ClusterKind kind)
    {
        await using var world = await VdcWorld.OpenAsync(clusters, kind);
        var vdc = world.NewVdc();
        await world.CompletesAsync("create_vdc", vdc, Quota);
        await world.Admin.CreateAsync(
            $"apis/instancetype.kubevirt.io/v1beta1/namespaces/{vdc}/virtualmachineinstancetypes",
            JsonNode.Parse("""
                {"apiVersion":"instancetype.kubevirt.io/v1beta1","kind":"VirtualMachineInstancetype","metadata":{"name":"medium"},
                "spec":{"cpu":{"guest":3},"memory":{"guest":"2Gi"}}}
                """)!.AsObject());
        const string Medium = """{"image_url":"x/y:1","instancetype":"virtualmachineinstancetype/medium"}""";

        var errors = new List<string?>();
        for (var i = 0; i < 3; i++) errors.Add((string?)(await world.RunsVmAsync("create_vm", vdc, $"vm-{i}", Medium))["error"]);
        var unknown = (string?)(await world.RunsVmAsync(
            "create_vm", vdc, "lost", """{"image_url":"x/y:1","instancetype":"virtualmachineinstancetype/none"}"""))["error"];

        Assert.Equal([null, null, "quota.cpu: asked 3 vCPUs, used 6 vCPUs, allowed 8"], errors);
        Assert.Contains("instancetype: \"none\" does not exist", unknown, StringComparison.Ordinal);
    }

    [Theory, OnSandbox, OnRealApiServer]
    public async Task Limits_count_in_the_units_of_where_they_are_given(ClusterKind kind)
    {
        await using var world = await VdcWorld.OpenAsync(clusters, kind);
        var vdc = world.NewVdc();

        await world.CompletesAsync("create_vdc", vdc, """{"limit_range":{"max_cpu":2,"max_memory":1}}""");
        await AllowsUpToAsync("2", "1Gi");
        await world.CompletesAsync("update_vdc", vdc, """{"limit_range":{"maxCpu":3000,"maxMemory":2048}}""");
        await AllowsUpToAsync("3", "2Gi");
        await world.CompletesAsync("update_vdc", vdc, """{"limit_range":{"maxCpu":"1","max_memory":3}}""");
        await AllowsUpToAsync("1", "3Gi");
        await world.CompletesAsync("create_limit_range", vdc, $$$"""{"namespace":"{{{vdc}}}","limit_range":{"max_cpu":4000,"maxMemory":512}}""");
        await AllowsUpToAsync("4", "512Mi");

        async Task AllowsUpToAsync(string cpu, string memory)
        {
            var refusal = await world.CreatesVmAsync(vdc, "large", 64, "64Gi");
            Assert.Equal(
                $"cpu: 64 vCPUs are too much, limit_range.max_cpu is {cpu}; memory: 64Gi are too much, limit_range.max_memory is {memory}",
                refusal);
        }
    }

    [Theory, OnSandbox, OnRealApiServer]
    public async Task Requests_are_divided_by_the_overcommit(ClusterKind kind)
    {
        await using var world = await VdcWorld.OpenAsync(clusters, kind, ("OVIM_CPU_OVERCOMMIT", "4"));
        var vdc = world.NewVdc();
        await world.CompletesAsync("create_vdc", vdc, Quota);

        Assert.Null(await world.CreatesVmAsync(vdc, "web", 3, "1Gi"));

        var domain = (await world.GetAsync(vdc, "virtualmachines", "web"))["spec"]!["template"]!["spec"]!["domain"]!;
        Assert.Equal(("750m", 3), ((string?)domain["resources"]!["requests"]!["cpu"], (int)domain["cpu"]!["sockets"]!));
    }

    // Without the account's token (as KubeVirt's pods), which no server since 1.24 makes, and older ones make late.
    private static JsonObject Launcher(string name, string cpu, string memory) => JsonNode.Parse($$$"""
        {"apiVersion":"v1","kind":"Pod","metadata":{"name":"{{{name}}}"},"spec":{"automountServiceAccountToken":false,"containers":[
        {"name":"compute","image":"x","resources":{"requests":{"cpu":"{{{cpu}}}","memory":"{{{memory}}}"} } },
        {"name":"guest-console-log","image":"x","resources":{"requests":{"cpu":"5m","memory":"35M"},"limits":{"cpu":"15m","memory":"60M"} } }]}}
        """)!.AsObject();
}
