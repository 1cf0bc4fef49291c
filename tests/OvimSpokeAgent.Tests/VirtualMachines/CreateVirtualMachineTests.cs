using System.Text.Json.Nodes;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Tests.Cluster;
using OvimSpokeAgent.VirtualMachines;

namespace OvimSpokeAgent.Tests.VirtualMachines;

public sealed class CreateVirtualMachineTests
{
    private const string Payload = """{"name":"web","namespace":"acme","image_url":"img","cpu":2,"memory":"4Gi"}""";

    private static readonly string WithSecrets =
        $$"""{"name":"web","namespace":"acme","image_url":"img","cpu":2,"memory":"4Gi","ssh_keys":["ssh-ed25519 AAAA"],"cloud_init":"{{new string('a', 3000)}}"}""";

    [Fact]
    public async Task Vm_is_made_and_its_status_is_the_result()
    {
        await using var world = await VmWorld.OpenAsync();

        var status = (await VmWorld.Of(world.Create, Payload, "ovim-op-1").RunAsync()).VmStatus();

        Assert.Equal(
            ("web", "acme", "pending", "2", "4Gi"), (status.Name, status.Namespace, status.Status, status.Cpu, status.Memory));
        Assert.Null(status.IgnoredFields);
        Assert.Equal("ovim-op-1", (string?)world.Vm()["metadata"]!["annotations"]![WellKnownNames.CreatedByAnnotation]);
        Assert.Equal("Always", world.Strategy());
    }

    [Fact]
    public async Task Unused_field_is_named_in_the_result()
    {
        await using var world = await VmWorld.OpenAsync();

        var status = (await VmWorld.Of(
            world.Create, Payload.Replace("}", ",\"storage_class\":\"fast\"}", StringComparison.Ordinal)).RunAsync()).VmStatus();

        Assert.Equal("storage_class (fast): disk \"root\" is not made anew", Assert.Single(status.IgnoredFields!));
    }

    [Fact]
    public async Task Disk_that_the_guest_loses_is_named_in_the_result()
    {
        await using var world = await VmWorld.OpenAsync();

        var status = (await VmWorld.Of(world.Create, Payload).RunAsync()).VmStatus();

        Assert.StartsWith("disk \"root\" is a container disk: what the guest writes to it is lost", Assert.Single(status.Warnings!), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Vm_of_someone_else_is_never_taken_over()
    {
        await using var world = await VmWorld.OpenAsync();
        world.HasVm(VmWorld.Web, "Halted");
        var before = world.Vm().ToJsonString();

        var error = (await VmWorld.Of(world.Create, WithSecrets).RunAsync()).FailureOf();

        Assert.Equal("a VM acme/web exists already and was not made by this operation", error);
        Assert.Equal(before, world.Vm().ToJsonString());
        Assert.DoesNotContain(world.Cluster.Requests, request => request.Kind == KubernetesKinds.Secret);
    }

    [Fact]
    public async Task Same_request_in_another_operation_is_a_conflict()
    {
        await using var world = await VmWorld.OpenAsync();
        await VmWorld.Of(world.Create, Payload, "ovim-op-aaaaaaaaaaaa").RunAsync();

        Assert.False((await VmWorld.Of(world.Create, Payload, "ovim-op-bbbbbbbbbbbb").RunAsync()).IsCompleted);
    }

    [Theory]
    [InlineData("create virtualmachines")]
    [InlineData("create secrets")]
    [InlineData("patch virtualmachines")]
    public async Task Execution_that_was_interrupted_after_a_request_is_finished_by_the_next(string last)
    {
        await using var world = await VmWorld.OpenAsync();
        var execution = VmWorld.Of(world.Create, WithSecrets);
        world.Cluster.LostAnswer = Once(request => $"{request.Verb} {request.Kind.Plural}" == last);

        await Assert.ThrowsAsync<KubernetesApiException>(execution.RunAsync);
        var uid = (string?)world.Vm()["metadata"]!["uid"];
        var outcome = await execution.RunAsync();

        Assert.True(outcome.IsCompleted);
        Assert.Equal(uid, (string?)world.Vm()["metadata"]!["uid"]);
        Assert.Equal("Always", world.Strategy());
        Assert.Equal(2, SecretsOf(world).Count(secret => (string?)secret["metadata"]!["ownerReferences"]![0]!["uid"] == uid));
    }

    [Theory]
    [InlineData(true, "Always")]
    [InlineData(false, "Halted")]
    public async Task Vm_that_needs_secrets_is_halted_until_they_are_there(bool run, string strategy)
    {
        await using var world = await VmWorld.OpenAsync();
        var before = "";
        world.Cluster.Fault = request =>
        {
            if (request.Kind == KubernetesKinds.Secret) before += $" {world.Strategy()}";
            return null;
        };

        var status = (await VmWorld.Of(world.Create, WithSecrets.Replace("}", $",\"run\":{(run ? "true" : "false")}}}", StringComparison.Ordinal))
            .RunAsync()).VmStatus();

        Assert.Equal(" Halted Halted", before);
        Assert.Equal(["create", "create", "create", "patch"], world.Changes());
        Assert.Equal(strategy, world.Strategy());
        Assert.Null(world.Vm()["metadata"]!["annotations"]![WellKnownNames.IncompleteAnnotation]);
        Assert.Equal(run ? "pending" : "stopped", status.Status);
    }

    [Fact]
    public async Task Vm_that_needs_no_secrets_is_made_by_one_request()
    {
        await using var world = await VmWorld.OpenAsync();

        await VmWorld.Of(world.Create, Payload).RunAsync();

        Assert.Equal(["create"], world.Changes());
    }

    [Fact]
    public async Task Vm_that_kubevirt_writes_at_the_same_time_is_let_run_in_the_same_execution()
    {
        await using var world = await VmWorld.OpenAsync();
        var writes = 3;
        world.Cluster.Fault = request =>
        {
            if (request.Verb == "patch" && writes-- > 0)
                world.Cluster.Change(request.Kind, request.Name, vm => vm["metadata"]!["labels"]!["seen"] = $"{writes}");
            return null;
        };

        Assert.True((await VmWorld.Of(world.Create, WithSecrets).RunAsync()).IsCompleted);

        Assert.Equal("Always", world.Strategy());
    }

    [Theory]
    [InlineData("create secrets", 1)]
    [InlineData("create secrets", 2)]
    [InlineData("patch virtualmachines", 1)]
    public async Task Vm_that_is_refused_something_goes_again_and_has_never_run(string refused, int time)
    {
        await using var world = await VmWorld.OpenAsync();
        var strategies = new HashSet<string?>();
        world.Cluster.Changed = change => strategies.Add((string?)change.Last["spec"]?["runStrategy"]);
        var times = 0;
        world.Cluster.Fault = request => $"{request.Verb} {request.Kind.Plural}" == refused && ++times >= time
            ? FakeKubernetesApi.Error(ApiErrorReason.Forbidden, "exceeded quota")
            : null;
        var execution = VmWorld.Of(world.Create, WithSecrets);

        await Assert.ThrowsAsync<KubernetesApiException>(execution.RunAsync);
        Assert.Null(await execution.GiveUpAsync());

        Assert.Null(world.Cluster.Find(KubeVirtKinds.VirtualMachine, VmWorld.Web));
        Assert.DoesNotContain("Always", strategies);
        world.Cluster.Fault = null;
        Assert.True((await VmWorld.Of(world.Create, WithSecrets, "ovim-op-fedcba9876543210fedc").RunAsync()).IsCompleted);
    }

    [Fact]
    public async Task Giving_up_touches_no_vm_that_is_whole_or_of_someone_else()
    {
        await using var world = await VmWorld.OpenAsync();
        await VmWorld.Of(world.Create, WithSecrets).RunAsync();
        var other = VmWorld.Of(world.Create, WithSecrets, "ovim-op-fedcba9876543210fedc");

        Assert.Null(await VmWorld.Of(world.Create, WithSecrets).GiveUpAsync());
        Assert.Null(await other.GiveUpAsync());
        world.Cluster.Change(
            KubeVirtKinds.VirtualMachine, VmWorld.Web, vm => vm["metadata"]!["annotations"]![WellKnownNames.IncompleteAnnotation] = "true");
        Assert.Null(await other.GiveUpAsync());

        Assert.Equal("Always", world.Strategy());
    }

    [Fact]
    public async Task Vm_that_its_owner_started_before_it_was_whole_stays_and_is_named()
    {
        await using var world = await VmWorld.OpenAsync();
        var execution = await RefusedAsync(world);
        world.Cluster.Change(KubeVirtKinds.VirtualMachine, VmWorld.Web, vm => vm["spec"]!["runStrategy"] = "Always");

        Assert.Equal("VM acme/web is left: it was started meanwhile, without all of its Secrets", await execution.GiveUpAsync());

        Assert.NotNull(world.Cluster.Find(KubeVirtKinds.VirtualMachine, VmWorld.Web));
    }

    [Fact]
    public async Task Vm_that_cannot_be_deleted_stays_halted_is_named_and_cannot_be_started()
    {
        await using var world = await VmWorld.OpenAsync();
        var execution = await RefusedAsync(world);
        world.Cluster.Fault = request => request.Verb == "delete" ? FakeKubernetesApi.Error(ApiErrorReason.Invalid, "denied") : null;

        Assert.Equal(
            "VM acme/web is left halted, without all of its Secrets, since it cannot be deleted: denied",
            await execution.GiveUpAsync());

        Assert.Equal("Halted", world.Strategy());
        Assert.Contains("its creation failed", (await VmWorld.RunAsync(world.Start)).FailureOf(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Executing_it_again_changes_nothing()
    {
        await using var world = await VmWorld.OpenAsync();
        var execution = VmWorld.Of(world.Create, WithSecrets);
        await execution.RunAsync();
        var version = (string?)world.Vm()["metadata"]!["resourceVersion"];

        Assert.True((await execution.RunAsync()).IsCompleted);

        Assert.Equal(version, (string?)world.Vm()["metadata"]!["resourceVersion"]);
        Assert.Equal(2, SecretsOf(world).Count);
    }

    [Fact]
    public async Task Refusal_of_the_server_is_passed_on_and_leaves_nothing_behind()
    {
        await using var world = await VmWorld.OpenAsync();
        world.Cluster.Fault = request => request.Verb == "create"
            ? FakeKubernetesApi.Error(ApiErrorReason.Invalid, "spec.template.spec.domain: machine type is not allowed")
            : null;

        var e = await Assert.ThrowsAsync<KubernetesApiException>(VmWorld.Of(world.Create, WithSecrets).RunAsync);

        Assert.Equal("spec.template.spec.domain: machine type is not allowed", e.Message);
        Assert.Null(world.Cluster.Find(KubeVirtKinds.VirtualMachine, VmWorld.Web));
        Assert.Empty(SecretsOf(world));
    }

    [Fact]
    public async Task Vm_that_went_while_it_was_looked_at_is_made_on_the_next_try()
    {
        await using var world = await VmWorld.OpenAsync();
        world.HasVm(VmWorld.Web);
        world.Cluster.Fault = request =>
        {
            if (request.Verb == "get" && request.Kind == KubeVirtKinds.VirtualMachine && world.Cluster.Find(request.Kind, request.Name) is not null)
                world.Cluster.Remove(request.Kind, request.Name);
            return null;
        };

        var outcome = await VmWorld.Of(world.Create, Payload).RunUntilDoneAsync();

        Assert.True(outcome.IsCompleted);
        Assert.Equal("0123456789abcdef0123", ((string?)world.Vm()["metadata"]!["annotations"]![WellKnownNames.CreatedByAnnotation])![8..]);
    }

    [Fact]
    public async Task After_a_timeout_a_vm_that_landed_is_the_outcome()
    {
        await using var world = await VmWorld.OpenAsync();
        var execution = VmWorld.Of(world.Create, WithSecrets);
        world.Cluster.LostAnswer = Once(request => request.Kind == KubeVirtKinds.VirtualMachine);
        await Assert.ThrowsAsync<KubernetesApiException>(execution.RunAsync);

        var landed = await execution.ReadBackAsync();

        Assert.Equal("web", landed!.VmStatus().Name);
        Assert.Equal(2, SecretsOf(world).Count);
    }

    [Fact]
    public async Task After_a_timeout_without_a_vm_nothing_landed()
    {
        await using var world = await VmWorld.OpenAsync();
        var execution = VmWorld.Of(world.Create, Payload);

        Assert.Null(await execution.ReadBackAsync());
        world.HasVm(VmWorld.Web); // someone else's
        Assert.Null(await execution.ReadBackAsync());
    }

    [Fact]
    public async Task Operations_of_one_vm_are_in_order()
    {
        await using var world = await VmWorld.OpenAsync();

        Assert.Equal(VmWorld.Web, VmWorld.Of(world.Create, Payload).Plan.Target);
        Assert.False(VmWorld.Of(world.Create, Payload).Plan.ReadOnly);
    }

    private static async Task<Execution> RefusedAsync(VmWorld world)
    {
        world.Cluster.Fault = request => request.Kind == KubernetesKinds.Secret ? FakeKubernetesApi.Error(ApiErrorReason.Forbidden) : null;
        var execution = VmWorld.Of(world.Create, WithSecrets);
        await Assert.ThrowsAsync<KubernetesApiException>(execution.RunAsync);
        return execution;
    }

    private static List<JsonObject> SecretsOf(VmWorld world) =>
    [
        .. ((string[])["web-userdata-0123456789abcdef0123", "web-ssh-keys-0123456789abcdef0123"])
            .Select(name => world.Cluster.Find(KubernetesKinds.Secret, new("acme", name)))
            .OfType<JsonObject>(),
    ];

    private static Func<FakeRequest, Exception?> Once(Func<FakeRequest, bool> condition)
    {
        var done = false;
        return request =>
        {
            if (done || !condition(request)) return null;
            done = true;
            return FakeKubernetesApi.Error(ApiErrorReason.Unavailable, "the connection broke");
        };
    }
}
