using System.Text.Json.Nodes;
using OvimSpokeAgent.EndToEnd.Tests.Harness;

namespace OvimSpokeAgent.EndToEnd.Tests.Durability;

/// <summary>The agent is ended and stopped while it deletes a VM that someone holds: what one leaves, the next finishes.</summary>
public sealed class SignalTests(Clusters clusters) : IClassFixture<Clusters>
{
    private const int ExitCodeOfSigTerm = 128 + 15;

    [Theory, OnSandbox, OnRealApiServer]
    public async Task Second_signal_ends_it_at_once(ClusterKind kind)
    {
        await using var environment = await clusters.OnAsync(kind);
        await using var agent = Start(environment, "agent-0", ("OVIM_SHUTDOWN_TIMEOUT", "1h"));
        var operation = await BeginsDeletionAsync(environment);

        agent.Terminate();
        await agent.WroteAsync("Stopping");
        agent.Terminate();

        Assert.Equal(ExitCodeOfSigTerm, await agent.ExitAsync());
        Assert.DoesNotContain(environment.Hub.Results, result => result.OperationId == operation);
        await using var next = Start(environment, "agent-0"); // the container, started again
        await EndsDeletionAsync(environment, operation);
    }

    [Theory, OnSandbox, OnRealApiServer]
    public async Task What_does_not_end_in_time_is_left_to_the_next_that_leads_at_once(ClusterKind kind)
    {
        await using var environment = await clusters.OnAsync(kind);
        // An eighth of it is for the Lease: enough on a busy machine, too.
        await using var agent = Start(environment, "agent-0", ("OVIM_SHUTDOWN_TIMEOUT", "16s"));
        var operation = await BeginsDeletionAsync(environment);

        Assert.Equal(0, await agent.TerminateAsync());

        Assert.Contains("Stopping with 1 operations", agent.Output, StringComparison.Ordinal);
        Assert.Equal("unavailable", (string?)environment.Hub.Reports[^1].Json["status"]);
        Assert.Equal("", (string?)(await environment.Cluster.Admin.GetAsync(LeaseOf(environment)))["spec"]!["holderIdentity"]);
        Assert.Equal("started", await StateOfAsync(environment, operation));
        await using var next = Start(environment, "agent-1");
        await EndsDeletionAsync(environment, operation);
    }

    [Theory, OnSandbox, OnRealApiServer]
    public async Task Agent_that_stood_still_while_another_took_over_leaves_everything_to_it(ClusterKind kind)
    {
        await using var environment = await clusters.OnAsync(kind);
        await using var agent = Start(environment, "agent-0");
        var operation = await BeginsDeletionAsync(environment);
        await using var other = Start(environment, "agent-1");
        await other.IsReadyAsync(); // as a standby: a rolling update must not wait for it to lead
        await other.WroteAsync("""Standby: "agent-0" leads""");

        agent.Pause();
        await other.WroteAsync("""LeaderElection: "agent-1" leads""");
        await EndsDeletionAsync(environment, operation);
        agent.Resume();
        await agent.WroteAsync("""Standby: "agent-1" leads""");

        Assert.Equal(0, await agent.TerminateAsync());
        Assert.Single(environment.Hub.Results, result => result.OperationId == operation);
        Assert.NotEqual("unavailable", (string?)environment.Hub.Reports[^1].Json["status"]);
        Assert.Equal(0, await other.TerminateAsync());
    }

    [Theory, OnSandbox]
    public async Task Without_leader_election_there_is_no_Lease_and_the_rest_is_the_same(ClusterKind kind)
    {
        await using var environment = await clusters.OnAsync(kind);
        await using var agent = Start(environment, "agent-0", ("OVIM_LEADER_ELECTION", "false"));

        await EndsDeletionAsync(environment, await BeginsDeletionAsync(environment));

        Assert.Null(await environment.Cluster.Admin.FindAsync(LeaseOf(environment)));
        Assert.Equal(0, await agent.TerminateAsync());
    }

    private static AgentProcess Start(TestEnvironment environment, string pod, params (string Name, string Value)[] more)
    {
        var variables = environment.Variables();
        variables["POD_NAME"] = pod;
        variables["OVIM_LOG_LEVEL"] = "info";
        foreach (var (name, value) in more) variables[name] = value;
        return AgentProcess.Start(variables);
    }

    /// <summary>Has a VM deleted that does not go because someone holds it; returns the operation's id when that is under way.</summary>
    private static async Task<string> BeginsDeletionAsync(TestEnvironment environment)
    {
        var agent = $"spoke-agent-{environment.AgentNamespace}";
        var (vms, admin) = (TestClusterExtensions.VmsOf(environment.Namespace), environment.Cluster.Admin);
        await environment.ResultOfAsync(environment.Hub.Queue(agent, "create_vm", new JsonObject
        {
            ["name"] = "web",
            ["namespace"] = environment.Namespace,
            ["image_url"] = "quay.io/containerdisks/fedora:latest",
            ["cpu"] = 1,
            ["memory"] = 1,
            ["run"] = false,
        }));
        await admin.MergeAsync($"{vms}/web", Finalizers("example.com/held"));
        var operation = environment.Hub.Queue(
            agent, "delete_vm", new JsonObject { ["name"] = "web", ["namespace"] = environment.Namespace }, id: $"op-{Guid.NewGuid():N}");
        await admin.WaitForAsync(vms, "web", vm => vm?["metadata"]!["deletionTimestamp"] is not null);
        return operation;
    }

    private static async Task EndsDeletionAsync(TestEnvironment environment, string operation)
    {
        await environment.Cluster.Admin.MergeAsync($"{TestClusterExtensions.VmsOf(environment.Namespace)}/web", Finalizers());
        Assert.Equal("completed", (string?)(await environment.ResultOfAsync(operation))["status"]);
    }

    private static JsonObject Finalizers(params string[] finalizers) => new()
    {
        ["metadata"] = new JsonObject { ["finalizers"] = new JsonArray([.. finalizers.Select(finalizer => JsonValue.Create(finalizer))]) },
    };

    private static string LeaseOf(TestEnvironment environment) =>
        $"apis/coordination.k8s.io/v1/namespaces/{environment.AgentNamespace}/leases/ovim-spoke-agent";

    private static async Task<string?> StateOfAsync(TestEnvironment environment, string operation)
    {
        var secrets = await environment.Cluster.Admin.GetAsync($"api/v1/namespaces/{environment.AgentNamespace}/secrets");
        return (string?)secrets["items"]!.AsArray()
            .Single(secret => (string?)secret!["metadata"]!["annotations"]?["ovim.io/operation-id"] == operation)!
            ["metadata"]!["labels"]!["ovim.io/operation-state"];
    }
}
