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
        Assert.Null(status.Unused);
        Assert.Equal("ovim-op-1", (string?)world.Vm()["metadata"]!["annotations"]![Names.CreatedByAnnotation]);
        Assert.Equal("Always", world.Strategy());
    }

    [Fact]
    public async Task Unused_field_is_named_in_the_result()
    {
        await using var world = await VmWorld.OpenAsync();

        var status = (await VmWorld.Of(world.Create, Payload.Replace("}", ",\"storage\":20}", StringComparison.Ordinal)).RunAsync()).VmStatus();

        Assert.StartsWith("storage (20Gi)", Assert.Single(status.Unused!), StringComparison.Ordinal);
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
    [InlineData("virtualmachines")]
    [InlineData("secrets")]
    public async Task Execution_that_was_interrupted_after_a_request_is_finished_by_the_next(string plural)
    {
        await using var world = await VmWorld.OpenAsync();
        var execution = VmWorld.Of(world.Create, WithSecrets);
        world.Cluster.LostAnswer = Once(request => request.Kind.Plural == plural);

        await Assert.ThrowsAsync<KubernetesApiException>(execution.RunAsync);
        var uid = (string?)world.Vm()["metadata"]!["uid"];
        var outcome = await execution.RunAsync();

        Assert.True(outcome.IsCompleted);
        Assert.Equal(uid, (string?)world.Vm()["metadata"]!["uid"]);
        Assert.Equal(2, SecretsOf(world).Count(secret => (string?)secret["metadata"]!["ownerReferences"]![0]!["uid"] == uid));
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
        Assert.Equal("0123456789abcdef0123", ((string?)world.Vm()["metadata"]!["annotations"]![Names.CreatedByAnnotation])![8..]);
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

    private static List<JsonObject> SecretsOf(VmWorld world) =>
    [
        .. ((string[])["web-userdata-abcdef0123", "web-ssh-keys-abcdef0123"])
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
