using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Nodes;
using KubernetesSandbox.Cluster;
using KubernetesSandbox.KubeVirt;
using KubernetesSandbox.Metrics;
using Microsoft.AspNetCore.Builder;
using OvimSpokeAgent.Agent;
using OvimSpokeAgent.Sandbox.Hub;

namespace OvimSpokeAgent.Sandbox.Tour;

/// <summary>Everything that the sandbox runs: hub, cluster, KubeVirt, and the agent between them.</summary>
internal sealed class SandboxWorld : IAsyncDisposable
{
    /// <summary>The namespace that an operator (the sandbox) opted in for the hub's VMs.</summary>
    public const string Namespace = "tour";

    /// <summary>The zone, which hubs take to be the cluster's name too.</summary>
    public const string ZoneId = "sandbox";

    /// <summary>The id under which the hub queues work.</summary>
    public const string AgentId = $"spoke-agent-{ZoneId}";

    /// <summary>Where the hub reaches an agent that is not the sandbox's.</summary>
    private const int OwnAgentPort = 8092;

    /// <summary>Where the status page of such an agent is.</summary>
    private const int OwnAgentPagePort = 8093;

    private const string AgentNamespace = "ovim-system";
    private const string ManagedByLabel = "app.kubernetes.io/managed-by";
    private const string ManagedBy = "ovim-spoke-agent";

    // Slow enough to be seen in the heartbeats, quick enough to be watched.
    private static readonly TimeSpan StepDelay = TimeSpan.FromMilliseconds(400);

    private readonly SandboxFolder _folder = SandboxFolder.Create();
    private readonly SandboxSettings _settings;
    private AgentLog? _log;
    private WebApplication? _agent;

    private SandboxWorld(SandboxHub hub, SandboxSettings settings) => (Hub, _settings) = (hub, settings);

    public SandboxHub Hub { get; }

    public HubKind HubKind => _settings.HubKind;

    /// <summary>The word of an agent to which the hub gives work.</summary>
    public string HealthyWord => HubKind is HubKind.Active ? "active" : "healthy";

    public SandboxCluster Cluster { get; private set; } = null!;

    public SandboxKubeVirt? KubeVirt { get; private set; }

    public SandboxMetrics? Metrics { get; private set; }

    /// <summary>Where the agent's endpoints are; null without an agent.</summary>
    public Uri? AgentUrl => _agent is null ? null : new Uri(_agent.Urls.First());

    /// <summary>Where the agent's status page is; null without an agent.</summary>
    public Uri? AgentPage => _agent is null ? null : AgentHost.LocalApiUrl(_agent);

    public string KubeconfigPath => Path.Combine(_folder.FullName, "kubeconfig");

    public string AgentLogPath => Path.Combine(_folder.FullName, "agent.log");

    /// <summary>The variables that configure an agent for this world; all that an agent needs.</summary>
    public IReadOnlyDictionary<string, string> AgentVariables => new Dictionary<string, string>(VariablesFor(HubKind))
    {
        ["OVIM_CLUSTER_ID"] = ZoneId,
        ["OVIM_HUB_ENDPOINT"] = Hub.Url.ToString(),
        ["OVIM_HUB_TOKEN"] = new SandboxHubOptions().Token,
        ["OVIM_HUB_POLL_INTERVAL"] = "500ms",
        ["OVIM_HEARTBEAT_INTERVAL"] = "500ms",
        ["OVIM_HEALTH_CHECK_INTERVAL"] = "2s",
        ["OVIM_METRICS_COLLECTION_INTERVAL"] = "2s",
        ["OVIM_NAMESPACE"] = AgentNamespace,
        ["OVIM_KUBECONFIG"] = KubeconfigPath,
        ["OVIM_HTTP_ADDRESS"] = "127.0.0.1",
        ["OVIM_HTTP_PORT"] = _settings.HasAgent ? "0" : $"{OwnAgentPort}",
        ["OVIM_DEBUG_PORT"] = _settings.HasAgent ? "0" : $"{OwnAgentPagePort}",
        ["OVIM_LOG_FORMAT"] = "text",
    };

    /// <summary>Leave the agent's log behind when the sandbox ends: something went wrong.</summary>
    public bool KeepsLog
    {
        get => _folder.IsKept;
        set => _folder.IsKept = value && File.Exists(AgentLogPath);
    }

    /// <exception cref="SandboxException">A port is in use.</exception>
    public static async Task<SandboxWorld> StartAsync(SandboxSettings settings, CancellationToken cancellationToken)
    {
        var hub = await OnPortAsync(
            settings.HubPort, "--hub-port",
            () => SandboxHub.StartAsync(
                new SandboxHubOptions { Kind = settings.HubKind, Port = settings.HubPort }, cancellationToken));
        var world = new SandboxWorld(hub, settings);
        try
        {
            await world.StartRestAsync(cancellationToken);
            return world;
        }
        catch
        {
            world.KeepsLog = true;
            await world.DisposeAsync();
            throw;
        }
    }

    /// <summary>What an agent must be told about a hub of a kind.</summary>
    private Dictionary<string, string> VariablesFor(HubKind kind) => kind is HubKind.Active
        ? new() { ["OVIM_HUB_HEALTHY_STATUS"] = HealthyWord }
        : new() { ["OVIM_PUSH_UNPROVEN"] = "true", ["OVIM_PUSH_ALLOWED_CIDRS"] = "127.0.0.0/8,::1/128" };

    public async ValueTask DisposeAsync()
    {
        if (_agent is not null)
        {
            await _agent.StopAsync();
            await _agent.DisposeAsync();
        }
        _log?.Dispose();
        if (Metrics is not null) await Metrics.DisposeAsync();
        if (KubeVirt is not null) await KubeVirt.DisposeAsync();
        if (Cluster is not null) await Cluster.DisposeAsync();
        await Hub.DisposeAsync();
        _folder.Dispose();
    }

    private async Task StartRestAsync(CancellationToken cancellationToken)
    {
        Cluster = await OnPortAsync(
            _settings.ClusterPort, "--cluster-port",
            () => SandboxCluster.StartAsync(new SandboxClusterOptions { Port = _settings.ClusterPort }, cancellationToken));
        Cluster.WriteKubeconfig(KubeconfigPath);
        Arrange(_settings.Vms);
        KubeVirt = await SandboxKubeVirt.StartAsync(
            new SandboxKubeVirtOptions
            {
                Connection = Cluster.ClientConfiguration(),
                StepDelay = StepDelay,
            },
            cancellationToken);
        Metrics = await SandboxMetrics.StartAsync(new SandboxMetricsOptions { Connection = Cluster.ClientConfiguration() }, cancellationToken);
        if (_settings.HasAgent) await StartAgentAsync(cancellationToken);
        Hub.SetSpoke(ZoneId, AgentUrl ?? new Uri($"http://127.0.0.1:{OwnAgentPort}/"));
    }

    /// <summary>What an operator prepares: nodes, the agent's namespace, one for VMs that is opted in, perhaps some VMs.</summary>
    private void Arrange(int vms)
    {
        foreach (var node in (string[])["sandbox-node-1", "sandbox-node-2", "sandbox-node-3"]) Cluster.Objects("v1", "nodes").Create(Node(node));
        var namespaces = Cluster.Objects("v1", "namespaces");
        namespaces.Create(new JsonObject { ["metadata"] = new JsonObject { ["name"] = AgentNamespace } });
        namespaces.Create(new JsonObject { ["metadata"] = new JsonObject { ["name"] = Namespace, ["labels"] = OptedIn() } });
        RunningVms.Arrange(Cluster, Namespace, OptedIn(), vms);
    }

    [SuppressMessage("Reliability", "CA2000", Justification = "The world owns the agent.")]
    private async Task StartAgentAsync(CancellationToken cancellationToken)
    {
        _log = AgentLog.Into(AgentLogPath);
        _agent = AgentHost.Build(AgentVariables);
        await _agent.StartAsync(cancellationToken);
    }

    private static async Task<T> OnPortAsync<T>(int port, string option, Func<Task<T>> start)
    {
        try
        {
            return await start();
        }
        catch (IOException e)
        {
            throw new SandboxException($"port {port} cannot be used ({e.Message}): choose another with {option}", e);
        }
    }

    private static JsonObject Node(string name) => new()
    {
        ["metadata"] = new JsonObject
        {
            ["name"] = name,
            ["labels"] = new JsonObject { ["kubernetes.io/arch"] = "amd64", ["kubevirt.io/schedulable"] = "true" },
        },
        ["status"] = new JsonObject
        {
            ["capacity"] = new JsonObject { ["cpu"] = "16", ["memory"] = "64Gi", ["pods"] = "110" },
            ["allocatable"] = new JsonObject { ["cpu"] = "15500m", ["memory"] = "62Gi", ["pods"] = "110" },
            ["conditions"] = new JsonArray(new JsonObject { ["type"] = "Ready", ["status"] = "True", ["reason"] = "KubeletReady" }),
        },
    };

    private static JsonObject OptedIn() => new() { [ManagedByLabel] = ManagedBy };
}
