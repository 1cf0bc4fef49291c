using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using KubernetesSandbox.Cluster;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Http;
using Microsoft.Extensions.Logging;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Configuration;
using OvimSpokeAgent.EndToEnd.Tests.Harness;
using OvimSpokeAgent.Logging;
using OvimSpokeAgent.Sandbox.Hub;
using OvimSpokeAgent.VirtualMachines;
using Serilog;
using Serilog.Core;
using Serilog.Events;
using Serilog.Filters;

namespace OvimSpokeAgent.EndToEnd.Tests.Hub;

/// <summary>
/// The whole agent as it is deployed, on a <see cref="PacedClock"/>, between the sandbox's hub and cluster. The hub is
/// reached over real sockets, the cluster through pipes: of what it says unasked, its watches, a socket does not tell whether
/// something is on its way. KubeVirt keeps the real time: what it does is waited for while the clock stands still.
/// </summary>
internal sealed class OutageWorld : IAsyncDisposable
{
    public const string Vdc = "acme";

    private readonly SandboxTestCluster _cluster;
    private readonly TestEnvironment _environment;

    private OutageWorld(
        SandboxTestCluster cluster, TestEnvironment environment, TestAgent agent, PacedClock clock, CountingLog log) =>
        (_cluster, _environment, Agent, Clock, Log) = (cluster, environment, agent, clock, log);

    public PacedClock Clock { get; }

    public CountingLog Log { get; }

    public TestAgent Agent { get; }

    public SandboxHub Hub => _environment.Hub;

    public JsonApi Admin => _cluster.Admin;

    public ClusterFaults ClusterFaults => _cluster.Api.Faults;

    [SuppressMessage("Reliability", "CA2000", Justification = "The world owns the cluster.")]
    public static async Task<OutageWorld> StartAsync(params (string Name, string Value)[] changed)
    {
        var (clock, log, pipes) = (await PacedClock.NewAsync(), new CountingLog(), new PipeTransport());
        var cluster = await SandboxTestCluster.StartAsync(new SandboxClusterOptions { AlsoOn = (pipes.EndPoint, pipes) });
        var environment = await TestEnvironment.StartAsync(cluster, ownsCluster: true);
        var variables = environment.Variables();
        // As deployed, not as tests like it quick.
        foreach (var name in (string[])[
            "OVIM_HUB_POLL_INTERVAL", "OVIM_HEARTBEAT_INTERVAL", "OVIM_HEALTH_CHECK_INTERVAL", "OVIM_LOG_LEVEL"])
            variables.Remove(name);
        foreach (var (name, value) in changed) variables[name] = value;
        var agent = await TestAgent.StartAsync(variables, services =>
        {
            services.AddSingleton<TimeProvider>(clock);
            services.RemoveAll<ClusterHandlerFactory>();
            services.AddSingleton<ClusterHandlerFactory>(() => new DetourHandler(pipes.NewClient()));
            services.ConfigureAll<HttpClientFactoryOptions>(options => options.HttpMessageHandlerBuilderActions.Add(builder =>
                builder.PrimaryHandler = new PacingHandler(clock) { InnerHandler = builder.PrimaryHandler }));
            services.AddSerilog(
                AgentLogging.Configure(new LogLevels(LogLevel.Information), new ReportErrors(), to => to.Sink(log)).CreateLogger(), dispose: true);
        });
        return new OutageWorld(cluster, environment, agent, clock, log);
    }

    /// <summary>Queues an operation at the hub; returns its id.</summary>
    public string Queues(string type, JsonObject payload) => Hub.Queue(Agent.Id, type, payload, $"op-{Guid.NewGuid():N}");

    /// <summary>Queues an operation on a VM of the VDC; returns its id.</summary>
    public string QueuesVm(string type, string vm, string more = "{}")
    {
        var payload = JsonNode.Parse(more)!.AsObject();
        payload["name"] = vm;
        payload["namespace"] = Vdc;
        return Queues(type, payload);
    }

    /// <summary>Lets the clock run until the hub has results for all of these operations, each completed.</summary>
    public async Task CompletesAsync(params string[] ids)
    {
        await Clock.RunUntilAsync(
            $"{ids.Length} results", () => ids.All(id => Hub.Results.Any(result => result.OperationId == id)), TimeSpan.FromMinutes(2));
        foreach (var id in ids)
        {
            var result = Hub.Results.First(result => result.OperationId == id);
            Assert.True((string?)result.Json["status"] == "completed", result.Body);
        }
    }

    /// <summary>A tenant makes a VM without the hub.</summary>
    public Task TenantCreatesVmAsync(string name) => Admin.CreateAsync(TestClusterExtensions.VmsOf(Vdc), new JsonObject
    {
        ["apiVersion"] = "kubevirt.io/v1",
        ["kind"] = "VirtualMachine",
        ["metadata"] = new JsonObject { ["name"] = name, ["namespace"] = Vdc },
        ["spec"] = new JsonObject
        {
            ["runStrategy"] = "Always",
            ["template"] = new JsonObject
            {
                ["spec"] = new JsonObject
                {
                    ["domain"] = new JsonObject
                    {
                        ["devices"] = new JsonObject(),
                        ["cpu"] = new JsonObject { ["cores"] = 1 },
                        ["memory"] = new JsonObject { ["guest"] = "64Mi" },
                    },
                },
            },
        },
    });

    public Task DeletesVmAsync(string name) => Admin.DeleteAsync($"{TestClusterExtensions.VmsOf(Vdc)}/{name}");

    public Task ChangesVmAsync(string name, JsonObject patch) =>
        Admin.MergeAsync($"{TestClusterExtensions.VmsOf(Vdc)}/{name}", patch);

    /// <summary>
    /// Waits, on the real clock, until KubeVirt has a VM where it is to be (null: gone), and lets the clock run until the
    /// agent knows.
    /// </summary>
    public async Task KnowsVmAsync(string name, string? status)
    {
        await _cluster.WaitForVmAsync(Vdc, name, vm => status switch
        {
            null => vm is null,
            "deleting" => vm?["metadata"]!["deletionTimestamp"] is not null,
            _ => ((string?)vm?["status"]?["printableStatus"])?.ToLowerInvariant() == status,
        });
        var machines = Agent.Service<VirtualMachineManager>();
        await Clock.RunUntilAsync(
            $"{name} {status}", () => machines.Get(new(Vdc, name))?.Status == status, TimeSpan.FromMinutes(1));
    }

    /// <summary>Someone deletes a network policy of the VDC.</summary>
    public Task LosesPolicyAsync(string name) =>
        Admin.DeleteAsync($"apis/networking.k8s.io/v1/namespaces/{Vdc}/networkpolicies/{name}");

    /// <summary>Whether the cluster has a network policy of the VDC.</summary>
    public bool HasPolicy(string name) => _cluster.Api.Objects("networking.k8s.io/v1", "networkpolicies").Get(Vdc, name) is not null;

    /// <summary>What the journal takes on the cluster.</summary>
    public (int Records, int Bytes) Journal()
    {
        var records = _cluster.Api.Objects("v1", "secrets").List(_environment.AgentNamespace)
            .Where(secret => (string?)secret["type"] == "ovim.io/operation.v1").ToList();
        return (records.Count, records.Sum(record => Encoding.UTF8.GetByteCount(record.ToJsonString())));
    }

    /// <summary>Bytes that are in use, without what the sandbox and the test remember of the past.</summary>
    public long Memory()
    {
        _cluster.Api.Requests.Clear();
        _cluster.Api.Faults.Compact();
        GC.Collect();
        GC.WaitForPendingFinalizers();
        return GC.GetTotalMemory(forceFullCollection: true);
    }

    public async ValueTask DisposeAsync()
    {
        // Its end has limits, which are the clock's too.
        var ending = Agent.DisposeAsync().AsTask();
        await Clock.RunUntilAsync("the agent's end", () => ending.IsCompleted, TimeSpan.FromMinutes(1));
        await ending;
        await _environment.DisposeAsync();
    }
}

/// <summary>Counts what is logged, by event.</summary>
internal sealed class CountingLog : ILogEventSink
{
    private static readonly Func<LogEvent, bool> IsAudit = Matching.FromSource(LogSettings.AuditCategory);

    private readonly ConcurrentDictionary<string, int> _counts = [];

    public int Lines => _counts.Values.Sum();

    public void Emit(LogEvent logEvent)
    {
        if (IsAudit(logEvent)) return; // repairs, which the world makes necessary
        _counts.AddOrUpdate($"{logEvent.Level} {logEvent.MessageTemplate.Text}", 1, (_, count) => count + 1);
    }

    /// <summary>How often an event was logged, by its template.</summary>
    public int Count(string template) =>
        _counts.Where(entry => entry.Key.EndsWith(' ' + template, StringComparison.Ordinal)).Sum(entry => entry.Value);

    public override string ToString() => string.Join(
        '\n',
        _counts.OrderByDescending(entry => entry.Value)
            .Select(entry => string.Create(CultureInfo.InvariantCulture, $"{entry.Value,7} × {entry.Key}")));
}
