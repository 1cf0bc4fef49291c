using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using OvimSpokeAgent.EndToEnd.Tests.Harness;
using Xunit.Abstractions;

namespace OvimSpokeAgent.EndToEnd.Tests.Durability;

/// <summary>An agent as a process, between hub and cluster, that dies at a chosen step and comes back as its container does.</summary>
internal sealed class CrashWorld : IAsyncDisposable
{
    private readonly TestEnvironment _environment;
    private readonly Way _way;
    private readonly bool _cleansUpAtOnce;
    private readonly string _folder = Directory.CreateTempSubdirectory("ovim-crash-").FullName;
    private readonly Pusher _pusher = new();
    private readonly ConcurrentBag<string> _namespaces = [];
    private readonly CrashPoint _crash;

    private StepProxy? _hub;
    private StepProxy? _cluster;
    private AgentProcess _agent = null!;
    private DateTimeOffset _started;

    private CrashWorld(TestEnvironment environment, Way way, bool cleansUpAtOnce) =>
        (_environment, _way, _cleansUpAtOnce, _crash) = (environment, way, cleansUpAtOnce, new CrashPoint(RestartAsync));

    private string AgentId => $"spoke-agent-{_environment.AgentNamespace}";

    private JsonApi Admin => _environment.Cluster.Admin;

    /// <param name="environment">Hub and cluster.</param>
    /// <param name="way">How operations come.</param>
    /// <param name="cleansUpAtOnce">What is left behind is removed at once, and not only long after the operation.</param>
    public static async Task<CrashWorld> OpenAsync(TestEnvironment environment, Way way, bool cleansUpAtOnce = false)
    {
        var world = new CrashWorld(environment, way, cleansUpAtOnce);
        var kubeconfig = Manifests.Read(world._environment.Variables()["OVIM_KUBECONFIG"]).Single();
        var cluster = kubeconfig["clusters"]!.AsArray().Single()!["cluster"]!.AsObject();
        world._cluster = await StepProxy.StartAsync(new Uri((string)cluster["server"]!), world._crash);
        world._hub = await StepProxy.StartAsync(world._environment.Hub.Url, world._crash);
        cluster["server"] = world._cluster.Url.ToString();
        cluster.Remove("certificate-authority-data");
        await File.WriteAllTextAsync(world.KubeconfigPath, kubeconfig.ToJsonString());
        world.StartAgent();
        return world;
    }

    /// <summary>
    /// Runs a case undisturbed, and then once for each of its steps (in full; else for every sixth, from one by chance) with a crash
    /// after that step: cluster and hub must be as in the undisturbed run.
    /// </summary>
    public async Task SurvivesAsync(string name, ITestOutputHelper output)
    {
        var crashCase = CrashCases.All[name];
        var runs = new List<CrashRun>();
        try
        {
            runs.Add(await RunAsync(crashCase, steps: 0));
            var undisturbed = await runs[0].OutcomeAsync();
            var interval = Amounts.Of(6, 1);
            var next = Random.Shared.Next(1, interval + 1);
            List<int> steps = [];
            do
            {
                steps.Add(next);
                runs.Add(await RunAsync(crashCase, next));
                var outcome = await runs[^1].OutcomeAsync();
                Assert.True(undisturbed == outcome, $"crash after step {next}, expected\n{undisturbed}\n\ngot\n{outcome}");
                next += interval;
            }
            while (runs[^1].HasCrashed);

            // Received, finished, at the hub, delivered; and what the operation itself does. A refusal is finished at once.
            Assert.InRange(steps[^1], name == CrashCases.Refused ? 4 : 6, 31 + interval); // the first that the operation does not have
            foreach (var run in runs) Assert.Equal(undisturbed, await run.OutcomeAsync()); // still
            output.WriteLine($"{name}: crashes after steps {string.Join(", ", steps.SkipLast(1))}");
        }
        finally
        {
            foreach (var run in runs) await run.DisposeAsync();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _agent.DisposeAsync();
        if (_cluster is not null) await _cluster.DisposeAsync();
        if (_hub is not null) await _hub.DisposeAsync();
        foreach (var ns in _namespaces) await Admin.DeleteAsync($"api/v1/namespaces/{ns}");
        await _environment.DisposeAsync();
        _pusher.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private string KubeconfigPath => Path.Combine(_folder, "kubeconfig");

    /// <summary>
    /// Runs a case in a namespace of its own, in which the agent crashes after this many steps (0: it does not), and waits
    /// until it is done.
    /// </summary>
    private async Task<CrashRun> RunAsync(CrashCase crashCase, int steps)
    {
        var ns = $"run-{Guid.NewGuid().ToString("N")[..8]}";
        _namespaces.Add(ns);
        var run = new CrashRun(Admin, crashCase, ns, _environment.AgentNamespace);
        if (!crashCase.MakesNamespace) await Admin.CreateNamespaceAsync(ns, ("app.kubernetes.io/managed-by", "ovim-spoke-agent"));
        if (crashCase.IsWithoutSecrets) await Admin.HasQuotaAsync(ns, ("count/secrets", "0"));
        if (crashCase.Claim is { } claim) await Admin.HasClaimAsync(ns, claim);
        await run.FollowGuestsAsync();
        foreach (var (type, payload) in crashCase.Before) await ExpectCompletedAsync(await DoesAsync(ns, type, payload));
        if (crashCase.HasDisk) await run.HasDiskAsync();
        if (crashCase.Strategy is { } strategy) await run.SetStrategyAsync(strategy);
        await run.WaitForStatusAsync(crashCase.StatusBefore);

        _crash.Arm(steps);
        run.OperationId = await DoesAsync(ns, crashCase.Type, crashCase.Payload);
        if (crashCase.LeavesOrphans)
        {
            await run.HasOrphansAsync();
            await run.WaitForCleanUpAsync();
        }
        run.HasCrashed = await _crash.HasCrashedAsync();
        run.Results = [.. _environment.Hub.Results.Where(result => result.OperationId == run.OperationId)];
        await run.WaitForEndAsync();
        return run;
    }

    private Dictionary<string, string> Variables()
    {
        var variables = _environment.Variables();
        variables["OVIM_KUBECONFIG"] = KubeconfigPath;
        variables["OVIM_HUB_ENDPOINT"] = _hub!.Url.ToString();
        variables["OVIM_LOG_LEVEL"] = "info"; // shown where a case fails
        variables["POD_NAME"] = "agent-0"; // a container that is started again keeps its Lease
        if (_way is Way.Push) _pusher.AddTo(variables);
        if (_cleansUpAtOnce) variables["OVIM_ORPHAN_GRACE"] = "1s";
        return variables;
    }

    // Killed before this returns its task.
    private async Task RestartAsync()
    {
        await _agent.DisposeAsync();
        StartAgent();
    }

    private void StartAgent()
    {
        _started = TimeProvider.System.GetUtcNow();
        _agent = AgentProcess.Start(Variables());
    }

    /// <summary>Hands out an operation and waits until the hub has its result and the journal knows it.</summary>
    private async Task<string> DoesAsync(string ns, string type, string payload)
    {
        var id = $"op-{Guid.NewGuid():N}";
        var operation = new JsonObject
        {
            ["id"] = id,
            ["type"] = type,
            ["payload"] = CrashCase.PayloadFor(ns, type, payload),
            ["timestamp"] = TimeProvider.System.GetUtcNow().ToString("O"),
            ["retry_count"] = 0,
        };
        if (_way is not Way.Push || !await IsAcceptedAsync(operation)) _environment.Hub.QueueRaw(AgentId, operation);
        if (_way is Way.Together) _environment.Hub.Queue(AgentId, "get_health", [], $"{id}-with");
        try
        {
            await Admin.WaitForAnyAsync(
                $"api/v1/namespaces/{_environment.AgentNamespace}/secrets",
                secret => (string?)secret["metadata"]!["annotations"]?["ovim.io/operation-id"] == id
                    && (string?)secret["metadata"]!["labels"]?["ovim.io/operation-state"] == "delivered");
        }
        catch (TimeoutException e)
        {
            throw new TimeoutException($"{type} {id} was not done; {e.Message}; the agent wrote:\n{_agent.Output}", e);
        }
        return id;
    }

    // As hubs do it: once.
    private async Task<bool> IsAcceptedAsync(JsonObject operation)
    {
        await _environment.ReportsAsync(AgentId, _ => _environment.Hub.Reports[^1].ReceivedAt > _started);
        return await _pusher.IsAcceptedAsync(_agent.Url, operation);
    }

    private async Task ExpectCompletedAsync(string id)
    {
        var result = await _environment.ResultOfAsync(id);
        Assert.True((string?)result["status"] == "completed", result.ToJsonString());
    }
}
