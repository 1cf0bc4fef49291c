using System.Text.Json;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Operations;
using OvimSpokeAgent.Tests.Cluster;
using OvimSpokeAgent.VirtualMachines;

namespace OvimSpokeAgent.Tests.VirtualMachines;

public sealed class CreateFromTemplateTests
{
    private const string Payload = """{"name":"web","namespace":"acme","template_name":"ubuntu","cpu":4}""";

    private const string Ubuntu =
        """{"name":"ubuntu","os_type":"linux","image_url":"quay.io/ubuntu:1","cpu":2,"memory":"4Gi","cloud_init":"#cloud-config\npassword: s3cr3t-word\n","labels":{"tier":"web"}}""";

    [Theory]
    [InlineData("template_name")]
    [InlineData("template")]
    public async Task Vm_has_what_the_template_gives_and_the_payload_does_not(string field)
    {
        await using var world = await OpenAsync();

        var status = (await VmWorld.Of(world.Create, Payload.Replace("template_name", field, StringComparison.Ordinal)).RunAsync()).VmStatus();

        Assert.Equal(("4", "4Gi"), (status.Cpu, status.Memory));
        Assert.Equal("ubuntu", (string?)world.Vm()["metadata"]!["labels"]![WellKnownNames.TemplateLabel]);
        Assert.Equal("web", (string?)world.Vm()["metadata"]!["labels"]!["tier"]);
        Assert.Contains("quay.io/ubuntu:1", world.Vm().ToJsonString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Result_says_what_was_used_and_shows_no_secrets()
    {
        await using var world = await OpenAsync();

        var status = (await VmWorld.Of(world.Create, Payload).RunAsync()).VmStatus();

        Assert.Equal(
            """{"cpu":4,"image_url":"quay.io/ubuntu:1","labels":{"tier":"web"},"memory":"4Gi","run":true,"template_name":"ubuntu"}""",
            status.Used!.Value.GetRawText());
    }

    [Fact]
    public async Task Vm_without_a_template_says_what_was_used_too()
    {
        await using var world = await OpenAsync();

        var status = (await VmWorld.Of(
            world.Create, """{"name":"web","namespace":"acme","image_url":"img","cpu":1,"memory":1,"run":false}""").RunAsync()).VmStatus();

        Assert.Equal("""{"cpu":1,"image_url":"img","memory":1,"run":false}""", status.Used!.Value.GetRawText());
        Assert.Null(world.Vm()["metadata"]!["labels"]![WellKnownNames.TemplateLabel]);
    }

    [Fact]
    public async Task Fields_of_disks_that_nobody_knows_are_not_shown_as_used()
    {
        await using var world = await OpenAsync();

        var status = (await VmWorld.Of(
            world.Create,
            """
            {"name":"web","namespace":"acme","image_url":"img","cpu":1,"memory":1,
             "disks":[{"name":"data","image_url":"img2","login":"top-hidden","more":{"key":"deep-hidden"},"secret_name":"s"}]}
            """).RunAsync()).VmStatus();

        Assert.Equal(
            """{"cpu":1,"disks":[{"image_url":"img2","name":"data"}],"image_url":"img","memory":1,"run":true}""", status.Used!.Value.GetRawText());
    }

    [Theory]
    [InlineData("")]
    [InlineData(",\"image_url\":\"img\"")]
    public async Task Unknown_template_fails_also_beside_an_image(string more)
    {
        await using var world = await VmWorld.OpenAsync();

        var error = (await VmWorld.Of(world.Create, Payload.Replace("}", $"{more}}}", StringComparison.Ordinal)).RunAsync()).FailureOf();

        Assert.Equal("template_name: \"ubuntu\" is not known here", error);
        Assert.Empty(world.Changes());
    }

    [Fact]
    public async Task What_the_cluster_lacks_fails_it_and_says_whose_wish_it_was()
    {
        await using var world = await OpenAsync();
        world.Templates.Missing = ["image_url: CDI is not there", "cpu: not there"];
        var execution = VmWorld.Of(world.Create, Payload);

        Assert.Equal("template ubuntu: image_url: CDI is not there; cpu: not there", (await execution.RunAsync()).FailureOf());

        Assert.Empty(world.Changes());
        Assert.Null(execution.Checkpoint);
    }

    [Fact]
    public async Task Template_that_is_no_name_is_refused_as_it_comes()
    {
        await using var world = await OpenAsync();
        var reader = new PayloadReader(JsonElement.Parse("""{"name":"web","namespace":"acme","image_url":"img","cpu":1,"memory":1,"template":5}"""));

        world.Create.Plan(reader);

        Assert.Equal(["template: 5 is not a string"], reader.Errors);
    }

    [Fact]
    public async Task What_is_wrong_says_whose_it_is()
    {
        await using var world = await VmWorld.OpenAsync();
        world.Templates.Has("ubuntu", """{"name":"ubuntu","image_url":"pvc:golden/../x","memory":"4Gi"}""");

        var error = (await VmWorld.Of(
            world.Create, """{"name":"web","namespace":"acme","template_name":"ubuntu","cpu":1.5}""").RunAsync()).FailureOf();

        Assert.Contains("template ubuntu: image_url: ", error, StringComparison.Ordinal);
        Assert.Contains("cpu: \"1.5\" is not a whole number", error, StringComparison.Ordinal);
        Assert.DoesNotContain("template ubuntu: cpu", error, StringComparison.Ordinal);
        Assert.Empty(world.Changes());
    }

    [Theory]
    [InlineData("{\"name\":\"ubuntu\",\"image_url\":\"quay.io/other:2\",\"cpu\":8,\"memory\":\"8Gi\"}")]
    [InlineData(null)]
    public async Task Execution_after_the_template_changed_or_went_makes_the_same_vm(string? after)
    {
        await using var world = await OpenAsync();
        var execution = VmWorld.Of(world.Create, Payload);
        world.Cluster.Fault = request => request.Verb == "create" ? FakeKubernetesApi.Error(ApiErrorReason.Unavailable) : null;
        await Assert.ThrowsAsync<KubernetesApiException>(execution.RunAsync);

        if (after is null) world.Templates.HasNoMore("ubuntu");
        else world.Templates.Has("ubuntu", after);
        world.Cluster.Fault = null;
        var again = VmWorld.Of(world.Create, Payload, fact: execution.Checkpoint);
        var status = (await again.RunAsync()).VmStatus();

        Assert.Equal(("4", "4Gi"), (status.Cpu, status.Memory));
        Assert.Contains("quay.io/ubuntu:1", world.Vm().ToJsonString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Vm_that_was_made_before_an_answer_was_lost_is_found_and_finished()
    {
        await using var world = await OpenAsync();
        world.Templates.Has("ubuntu", Ubuntu.Replace("#cloud-config", "#cloud-config " + new string('#', 3000), StringComparison.Ordinal));
        var execution = VmWorld.Of(world.Create, Payload);
        world.Cluster.LostAnswer = request =>
            request.Verb == "create" && request.Kind == KubeVirtKinds.VirtualMachine ? FakeKubernetesApi.Error(ApiErrorReason.Unavailable) : null;
        await Assert.ThrowsAsync<KubernetesApiException>(execution.RunAsync);
        world.Templates.HasNoMore("ubuntu");
        world.Cluster.LostAnswer = null;

        Assert.True((await execution.ReadBackAsync())!.IsCompleted);

        Assert.Equal("Always", world.Strategy());
        Assert.Contains(world.Cluster.Requests, request => request is { Verb: "create" } && request.Kind == KubernetesKinds.Secret);
    }

    [Fact]
    public async Task Nothing_landed_of_what_was_not_begun()
    {
        await using var world = await OpenAsync();

        Assert.Null(await VmWorld.Of(world.Create, Payload).ReadBackAsync());
    }

    [Theory]
    [InlineData("nothing of the kind")]
    [InlineData("{}")]
    [InlineData("{\"template\":5}")]
    public async Task Journal_that_someone_edited_makes_it_fail_and_makes_no_vm(string edited)
    {
        await using var world = await OpenAsync();

        var error = (await VmWorld.Of(world.Create, Payload, fact: edited).RunAsync()).FailureOf();

        Assert.Contains("the journal", error, StringComparison.Ordinal);
        Assert.Empty(world.Changes());
    }

    [Fact]
    public async Task Room_that_was_given_is_taken_back_by_what_the_journal_holds_of_the_template()
    {
        await using var world = await OpenAsync();
        var execution = VmWorld.Of(world.Create, Payload);
        world.Cluster.Fault = request => request.Verb == "create" ? FakeKubernetesApi.Error(ApiErrorReason.Unavailable) : null;
        await Assert.ThrowsAsync<KubernetesApiException>(execution.RunAsync);
        var plan = VmWorld.Of(world.Create, Payload).Plan;

        plan.RestoreFromCheckpoint!(new("op-9"), execution.Checkpoint!);
        plan.RestoreFromCheckpoint!(new("op-10"), "edited");

        var claim = Assert.Single(world.Admission.Restored);
        Assert.Equal((4L, 4L << 30), (claim.Footprint.Vcpus, claim.Footprint.MemoryBytes));
        Assert.Null(plan.Restore);
    }

    [Fact]
    public async Task Templates_that_cannot_be_read_now_fail_nothing_for_good()
    {
        await using var world = await OpenAsync();
        world.Templates.Fault = FakeKubernetesApi.Error(ApiErrorReason.Unavailable);

        await Assert.ThrowsAsync<KubernetesApiException>(VmWorld.Of(world.Create, Payload).RunAsync);
    }

    [Fact]
    public async Task Secrets_of_the_template_are_kept_out_of_what_webhooks_say()
    {
        await using var world = await OpenAsync();
        var context = new OperationContext(
            new Operation
            {
                Id = "op-1",
                Type = "create_vm",
                Key = new OperationKey("ovim-op-0123456789abcdef0123"),
                Timestamp = DateTimeOffset.UnixEpoch,
                Payload = JsonElement.Parse(Payload),
            },
            null, (_, _) => Task.CompletedTask, new ExecutionSlot(new FairSlots(1, TimeProvider.System), "acme", _ => { }));

        await VmWorld.Of(world.Create, Payload).Plan.Execute(context, default);

        Assert.Equal("denied: (not shown)", SecretValues.Hide("denied: password: s3cr3t-word", context.Effective));
    }

    private static async Task<VmWorld> OpenAsync()
    {
        var world = await VmWorld.OpenAsync();
        world.Templates.Has("ubuntu", Ubuntu);
        return world;
    }
}
