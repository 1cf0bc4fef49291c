using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Contract;
using OvimSpokeAgent.VirtualMachines;

namespace OvimSpokeAgent.Tests.VirtualMachines;

public sealed class VirtualMachineManagerTests
{
    [Fact]
    public async Task Vms_of_managed_namespaces_are_listed_by_name()
    {
        await using var world = await VmWorld.OpenAsync(cluster =>
        {
            cluster.HasNamespace("beta");
            cluster.HasNamespace("private", managed: false);
            foreach (var name in (NamespacedName[])[new("beta", "b"), new("beta", "a"), new("acme", "z"), new("private", "x")])
                VmWorld.HasVm(cluster, name);
        });

        Assert.Equal(["acme/z", "beta/a", "beta/b"], world.Manager.List(null).Select(vm => $"{vm.Namespace}/{vm.Name}"));
        Assert.Equal(["beta/a", "beta/b"], world.Manager.List("beta").Select(vm => $"{vm.Namespace}/{vm.Name}"));
        Assert.Empty(world.Manager.List("private"));
    }

    [Fact]
    public async Task Vm_that_cannot_be_read_is_listed_as_an_error_and_costs_no_other()
    {
        await using var world = await VmWorld.OpenAsync(cluster =>
        {
            VmWorld.HasVm(cluster, VmWorld.Web);
            VmWorld.HasVm(cluster, new("acme", "odd"), change: vm => vm["spec"]!["template"] = "none");
        });

        var listed = world.Manager.List(null);

        Assert.Equal([("odd", "error"), ("web", "pending")], listed.Select(vm => (vm.Name, vm.Status)));
        Assert.StartsWith("the agent cannot read it: ", listed[0].Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Vm_that_becomes_unreadable_keeps_what_was_known_of_it()
    {
        await using var world = await VmWorld.OpenAsync(cluster => VmWorld.HasVm(cluster, VmWorld.Web, change: vm =>
            vm["spec"]!["template"] = JsonNode.Parse("""{"spec":{"domain":{"cpu":{"cores":3}}}}""")));

        world.Cluster.Change(KubeVirtKinds.VirtualMachine, VmWorld.Web, vm => vm["spec"]!["template"]!["spec"]!["domain"]!["cpu"] = "three");
        var item = await world.Machines.WaitUntilAsync(VmWorld.Web, vm => vm?.Unreadable is not null, Limits.Token());

        Assert.Equal(("3", 3), (item!.Size!.VcpusText, item.Footprint.Vcpus));
        Assert.Equal("error", Assert.Single(world.Manager.List(null)).Status);
    }

    [Fact]
    public async Task Vm_of_someone_else_in_a_managed_namespace_is_listed() // reports list all VMs of managed namespaces
    {
        await using var world = await VmWorld.OpenAsync(cluster =>
            VmWorld.HasVm(cluster, VmWorld.Web, "Always", vm => vm["metadata"]!["labels"]!.AsObject().Clear()));

        Assert.Equal("web", Assert.Single(world.Manager.List(null)).Name);
    }

    [Fact]
    public async Task List_operation_answers_from_the_caches_alone()
    {
        await using var world = await VmWorld.OpenAsync(cluster => VmWorld.HasVm(cluster, VmWorld.Web));
        world.Cluster.ForgetRequests();

        var result = (await VmWorld.Of(world.List, """{"namespace":"acme"}""").RunAsync()).Result!.Value;

        Assert.Equal(1, result.GetProperty("count").GetInt32());
        Assert.Equal("web", Assert.Single(result.GetProperty("vms").EnumerateArray()).GetProperty("name").GetString());
        Assert.DoesNotContain(world.Cluster.Requests, request => request.Kind == KubeVirtKinds.VirtualMachine);
    }

    [Fact]
    public async Task List_operation_on_a_cluster_without_kubevirt_fails_with_that_reason()
    {
        await using var world = await VmWorld.OpenAsync();
        world.Cluster.LosesKind(KubeVirtKinds.VirtualMachine);
        await world.Time.UntilAsync(() => world.Machines.Status.State is CacheState.NoKindMatch);

        var outcome = await VmWorld.Of(world.List, "{}").RunAsync();

        Assert.Equal("the cluster does not have this kind of object (virtualmachines.kubevirt.io)", outcome.FailureOf());
    }

    [Fact]
    public async Task Status_joins_the_vm_with_its_guest()
    {
        await using var world = await VmWorld.OpenAsync();
        world.HasVm(VmWorld.Web, "Always", vm => vm["status"] = new JsonObject { ["printableStatus"] = "Running" });
        world.HasGuest(VmWorld.Web, "Running", vmi => vmi["status"]!["nodeName"] = "node-3");
        await world.Instances.WaitUntilAsync(VmWorld.Web, vmi => vmi is not null, Limits.Token());
        await world.Machines.WaitUntilAsync(VmWorld.Web, vm => vm is not null, Limits.Token());

        var status = world.Manager.Get(VmWorld.Web)!;

        Assert.Equal(("running", "node-3"), (status.Status, status.NodeName));
    }

    [Fact]
    public async Task Size_of_a_vm_that_is_off_is_that_of_its_instancetype_as_it_is_pinned()
    {
        await using var world = await VmWorld.OpenAsync(cluster =>
        {
            cluster.Has(KubeVirtKinds.ClusterInstancetype, Instancetype.Of("medium", 2, 4));
            cluster.Has(KubernetesKinds.ControllerRevision, Instancetype.Revision("acme", "pinned", "small", 1, 2));
            VmWorld.HasVm(cluster, new("acme", "a"), "Halted", vm => vm["spec"]!["instancetype"] = new JsonObject { ["name"] = "medium" });
            VmWorld.HasVm(cluster, new("acme", "b"), "Halted", vm => vm["spec"]!["instancetype"] = new JsonObject
            {
                ["name"] = "small",
                ["revisionName"] = "pinned", // which is all that is left of it
            });
            VmWorld.HasVm(cluster, new("acme", "c"), "Halted", vm => vm["spec"]!["instancetype"] = new JsonObject { ["name"] = "lost" });
        });

        Assert.Equal([("2", "4Gi"), ("1", "2Gi"), (null, null)], world.Manager.List("acme").Select(vm => (vm.Cpu, vm.Memory)));
        Assert.Equal("2", (await VmWorld.RunAsync(world.Get, name: "a")).VmStatus().Cpu);
    }

    [Fact]
    public async Task Vm_that_its_quota_keeps_from_migrating_says_so()
    {
        await using var world = await VmWorld.OpenAsync(cluster =>
        {
            VmWorld.HasVm(cluster, VmWorld.Web);
            VmWorld.HasVm(cluster, new("acme", "other"));
        });
        world.MigrationRoom.Without.Add(VmWorld.Web);

        Assert.Equal(
            [("other", null), ("web", "cannot migrate: the quota has no room for a second pod of it")],
            world.Manager.List("acme").Select(vm => (vm.Name, vm.Message)));
    }

    [Fact]
    public async Task Subscriber_is_told_of_vms_guests_and_namespaces()
    {
        await using var world = await VmWorld.OpenAsync();
        var told = new BlockingCollection<(NamespacedName Name, VirtualMachineStatus? Status)>();
        var subscription = world.Manager.Subscribe((name, status) => told.Add((name, status)));

        world.HasGuest(new("acme", "stray")); // no VM of it, so nothing to tell
        world.HasVm(VmWorld.Web, "Always", vm => vm["status"] = new JsonObject { ["printableStatus"] = "Starting" });
        Assert.Equal((VmWorld.Web, "starting"), Next());

        world.HasGuest(VmWorld.Web, "Scheduled");
        Assert.Equal((VmWorld.Web, "starting"), Next());

        world.Cluster.Change(
            KubernetesKinds.Namespace, NamespacedName.ClusterScoped("acme"), ns => ns["metadata"]!["labels"]!.AsObject().Clear());
        Assert.Equal((VmWorld.Web, null), Next());

        world.Cluster.Change(
            KubernetesKinds.Namespace,
            NamespacedName.ClusterScoped("acme"),
            ns => ns["metadata"]!["labels"]![WellKnownNames.ManagedByLabel] = WellKnownNames.Agent);
        Assert.Equal((VmWorld.Web, "starting"), Next());

        world.Cluster.Remove(KubeVirtKinds.VirtualMachine, VmWorld.Web);
        Assert.Equal((VmWorld.Web, null), Next());

        subscription.Dispose();
        world.HasVm(VmWorld.Web);
        await world.Machines.WaitUntilAsync(VmWorld.Web, vm => vm is not null, Limits.Token());
        Assert.Empty(told);

        (NamespacedName, string?) Next()
        {
            Assert.True(told.TryTake(out var next, Limits.Patience));
            return (next.Name, next.Status?.Status);
        }
    }
}
