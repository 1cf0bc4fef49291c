using KubernetesSandbox;
using KubernetesSandbox.KubeVirt;

namespace OvimSpokeAgent.Sandbox.Tests.KubeVirt;

[Collection(TestClusterCollection.Name)]
public sealed class LifecycleTests
{
    public static TheoryData<string> Clusters => TestCluster.AtHand;

    [Theory]
    [MemberData(nameof(Clusters))]
    public async Task A_VM_comes_up_step_by_step(string which)
    {
        await using var cluster = await TestCluster.StartAsync(which);

        await cluster.CreateVmAsync();

        var vm = await cluster.UntilAsync(Kinds.Vm, "web", item => item.IsTrue("status", "ready"));
        Assert.Equal(["Starting", "Running"], cluster.StatusesOf("web"));
        Assert.True(vm.IsTrue("status", "created"));
        Assert.True(vm.HasFinalizer(KubeVirtNames.ControllerFinalizer));
        Assert.Equal(vm.GenerationOf(), vm.Number("status", "observedGeneration"));
        Assert.Equal(vm.GenerationOf(), vm.Number("status", "desiredGeneration"));
        Assert.True(Conditions.Has(vm["status"], "Ready", true));
        var vmi = await cluster.UntilPhaseAsync("Running");
        Assert.Equal(vm.UidOf(), vmi.OwnerOf(Kinds.Vm)?.Uid);
        Assert.Equal("web", vmi.Text("metadata", "labels", "app"));
        Assert.NotNull(vmi.Text("status", "nodeName"));
        Assert.StartsWith("10.244.", vmi.Objects("status", "interfaces").Single().Text("ipAddress"), StringComparison.Ordinal);
        Assert.Equal(
            ["Pending", "Scheduling", "Scheduled", "Running"],
            vmi.Objects("status", "phaseTransitionTimestamps").Select(entry => entry.Text("phase")));
    }

    [Theory]
    [MemberData(nameof(Clusters))]
    public async Task A_VM_that_is_halted_stops_and_starts_again_with_a_new_VMI(string which)
    {
        await using var cluster = await TestCluster.StartAsync(which);
        await cluster.CreateVmAsync();
        var first = await cluster.UntilPhaseAsync("Running");
        await cluster.UntilPrintsAsync("Running");

        await cluster.PatchSpecAsync(Kinds.Vm, "web", """{"runStrategy":"Halted"}""");

        await cluster.UntilGoneAsync(Kinds.Vmi, "web");
        var stopped = await cluster.UntilAsync(
            Kinds.Vm, "web", vm => Conditions.Has(vm["status"], "Ready", false, "VMINotExists"));
        Assert.Equal("Stopped", stopped.Text("status", "printableStatus"));
        Assert.False(stopped.IsTrue("status", "created"));

        await cluster.PatchSpecAsync(Kinds.Vm, "web", """{"runStrategy":"Always"}""");
        await cluster.UntilPrintsAsync("Running");
        Assert.NotEqual(first.UidOf(), (await cluster.UntilPhaseAsync("Running")).UidOf());
        Assert.Equal(["Starting", "Running", "Stopping", "Stopped", "Starting", "Running"], cluster.StatusesOf("web"));
    }

    [Theory]
    [MemberData(nameof(Clusters))]
    public async Task A_guest_that_ignores_shutdown_takes_the_grace_period_and_a_start_waits_for_its_end(string which)
    {
        await using var cluster = await TestCluster.StartAsync(which);
        await cluster.CreateVmAsync(changes: vm =>
        {
            vm.MapAt("metadata").MapAt("annotations")[KubeVirtFaultNames.Annotation] = "guest-ignores-shutdown";
            vm["spec"]!["template"]!["spec"]!["terminationGracePeriodSeconds"] = 20;
        });
        var first = await cluster.UntilPhaseAsync("Running");
        await cluster.UntilPrintsAsync("Running");
        await cluster.PatchSpecAsync(Kinds.Vm, "web", """{"runStrategy":"Halted"}""");
        await cluster.UntilAsync(Kinds.Vmi, "web", vmi => Conditions.Has(vmi["status"], "Ready", false, "PodTerminating"));

        await cluster.PatchSpecAsync(Kinds.Vm, "web", """{"runStrategy":"Always"}""");
        cluster.Clock.Advance(TimeSpan.FromSeconds(19));
        var still = await cluster.UntilAsync(Kinds.Vm, "web", vm =>
            vm.Text("status", "printableStatus") == "Stopping" && vm.Text("status", "runStrategy") == "Always");
        Assert.True(still.IsTrue("status", "created"));
        cluster.Clock.Advance(TimeSpan.FromSeconds(2));

        await cluster.UntilAsync(Kinds.Vmi, "web", vmi => vmi.UidOf() != first.UidOf() && vmi.Text("status", "phase") == "Running");
        await cluster.UntilPrintsAsync("Running");
    }

    [Theory]
    [MemberData(nameof(Clusters))]
    public async Task A_deleted_VM_is_terminating_until_its_VMI_is_gone(string which)
    {
        await using var cluster = await TestCluster.StartAsync(which);
        await cluster.CreateVmAsync();
        await cluster.UntilPrintsAsync("Running");
        cluster.KubeVirt.SetFault(cluster.Namespace, "web", KubeVirtFault.GuestIgnoresShutdown);

        await cluster.DeleteAsync(Kinds.Vm, "web");

        var vm = await cluster.UntilPrintsAsync("Terminating");
        Assert.True(vm.HasFinalizer(KubeVirtNames.ControllerFinalizer));
        await cluster.UntilAsync(Kinds.Vmi, "web", vmi => Conditions.Has(vmi["status"], "Ready", false, "PodTerminating"));
        cluster.Clock.Advance(TimeSpan.FromSeconds(31));
        await cluster.UntilGoneAsync(Kinds.Vmi, "web");
        await cluster.UntilGoneAsync(Kinds.Vm, "web");
    }

    [Theory]
    [MemberData(nameof(Clusters))]
    public async Task A_VM_that_is_always_to_run_comes_back_after_its_VMI_is_deleted_or_its_guest_ends(string which)
    {
        await using var cluster = await TestCluster.StartAsync(which);
        await cluster.CreateVmAsync();
        var last = await cluster.UntilPhaseAsync("Running");

        await ComesBackAfter(() => cluster.DeleteAsync(Kinds.Vmi, "web"));
        await ComesBackAfter(() => cluster.KubeVirt.ShutDownGuestAsync(cluster.Namespace, "web", CancellationToken.None));
        await ComesBackAfter(() => cluster.KubeVirt.CrashGuestAsync(cluster.Namespace, "web", CancellationToken.None));

        async Task ComesBackAfter(Func<Task> end)
        {
            await end();
            var gone = last.UidOf();
            last = await cluster.UntilAsync(Kinds.Vmi, "web", vmi => vmi.UidOf() != gone && vmi.Text("status", "phase") == "Running");
        }
    }

    [Theory]
    [MemberData(nameof(Clusters))]
    public async Task A_changed_template_needs_a_restart(string which)
    {
        await using var cluster = await TestCluster.StartAsync(which);
        await cluster.CreateVmAsync();
        await cluster.UntilPrintsAsync("Running");

        await cluster.PatchSpecAsync(Kinds.Vm, "web", """{"template":{"spec":{"domain":{"memory":{"guest":"4Gi"}}}}}""");

        var vm = await cluster.UntilAsync(Kinds.Vm, "web", item => Conditions.Has(item["status"], VmStatus.RestartRequired, true));
        Assert.True(vm.Number("status", "observedGeneration") < vm.Number("status", "desiredGeneration"));
        await cluster.DeleteAsync(Kinds.Vmi, "web");
        await cluster.UntilAsync(
            Kinds.Vmi, "web", vmi => vmi.Text("status", "phase") == "Running" && vmi.Text("spec", "domain", "memory", "guest") == "4Gi");
        await cluster.UntilAsync(Kinds.Vm, "web", item =>
            item.Text("status", "printableStatus") == "Running" && Conditions.Find(item["status"], VmStatus.RestartRequired) is null);
    }

    [Theory]
    [MemberData(nameof(Clusters))]
    public async Task The_older_field_running_works_and_a_change_of_strategy_alone_needs_no_restart(string which)
    {
        await using var cluster = await TestCluster.StartAsync(which);
        await cluster.CreateVmAsync(changes: vm =>
        {
            vm["spec"]!.AsObject().Remove("runStrategy");
            vm["spec"]!["running"] = true;
        });
        await cluster.UntilPrintsAsync("Running");

        await cluster.PatchSpecAsync(Kinds.Vm, "web", """{"running":null,"runStrategy":"Manual"}""");

        var vm = await cluster.UntilAsync(Kinds.Vm, "web", item =>
            item.Text("status", "runStrategy") == "Manual"
            && item.Number("status", "observedGeneration") == item.GenerationOf());
        Assert.Null(Conditions.Find(vm["status"], VmStatus.RestartRequired));
        Assert.Equal("Running", vm.Text("status", "printableStatus"));
    }

    [Theory]
    [MemberData(nameof(Clusters))]
    public async Task A_manual_VM_waits_and_a_VM_to_run_once_stays_down_after_its_end(string which)
    {
        await using var cluster = await TestCluster.StartAsync(which);
        await cluster.CreateVmAsync("Manual", vm => vm["metadata"]!["name"] = "manual");
        await cluster.CreateVmAsync("Once", vm => vm["metadata"]!["name"] = "once");
        await cluster.UntilPhaseAsync("Running", "once");

        await cluster.KubeVirt.ShutDownGuestAsync(cluster.Namespace, "once", CancellationToken.None);

        await cluster.UntilPrintsAsync("Stopped", "once");
        await cluster.UntilAsync(Kinds.Vm, "manual", vm => Conditions.Has(vm["status"], "Ready", false, "VMINotExists"));
        Assert.Equal(["Stopped"], cluster.StatusesOf("manual"));
    }

    [Theory]
    [MemberData(nameof(Clusters))]
    public async Task A_VMI_without_a_VM_runs_and_goes(string which)
    {
        await using var cluster = await TestCluster.StartAsync(which);
        var vmi = TestObjects.Vmi("");
        vmi["metadata"]!.AsObject().Remove("ownerReferences");
        await cluster.CreateAsync(Kinds.Vmi, vmi);
        await cluster.UntilPhaseAsync("Running");

        await cluster.DeleteAsync(Kinds.Vmi, "web");

        await cluster.UntilGoneAsync(Kinds.Vmi, "web");
    }

    [Theory]
    [MemberData(nameof(Clusters))]
    public async Task VMs_that_run_side_by_side_have_addresses_of_their_own(string which)
    {
        await using var cluster = await TestCluster.StartAsync(which);
        string[] names = [.. Enumerable.Range(0, 20).Select(i => $"vm-{i}")];

        await Task.WhenAll(names.Select(name => cluster.CreateVmAsync(changes: vm => vm["metadata"]!["name"] = name)));

        var addresses = new List<string?>();
        foreach (var name in names)
            addresses.Add((await cluster.UntilPhaseAsync("Running", name)).Objects("status", "interfaces").Single().Text("ipAddress"));
        Assert.Equal(names.Length, addresses.Distinct().Count());
    }
}
