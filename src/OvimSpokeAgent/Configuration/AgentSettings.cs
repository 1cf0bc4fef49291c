using System.Net;

namespace OvimSpokeAgent.Configuration;

/// <summary>The agent's configuration: valid once it exists. Made by the settings table from <c>OVIM_*</c> variables.</summary>
public sealed record AgentSettings
{
    public required string AgentId { get; init; }

    public required string ClusterId { get; init; }

    public required string ZoneId { get; init; }

    public required HubSettings Hub { get; init; }

    public required OperationSettings Operations { get; init; }

    public required HttpSettings Http { get; init; }

    public required PushSettings Push { get; init; }

    public required LogSettings Log { get; init; }

    /// <summary>vCPUs to a requested core, at least 1: VMs that the agent makes request their vCPUs divided by it.</summary>
    public required decimal CpuOvercommit { get; init; }

    /// <summary>How old what a failed creation left behind must be before it is removed.</summary>
    public required TimeSpan OrphanGrace { get; init; }

    public required VdcSettings Vdc { get; init; }

    public required TemplateSettings Templates { get; init; }

    /// <summary>Time between two status reports.</summary>
    public required TimeSpan HeartbeatInterval { get; init; }

    /// <summary>Time between two runs of the health checks.</summary>
    public required TimeSpan HealthCheckInterval { get; init; }

    /// <summary>How often a loop may fail by itself within ten minutes; at that number only a new process helps.</summary>
    public required int ComponentRestartLimit { get; init; }

    /// <summary>Time between two collections of the cluster's metrics.</summary>
    public required TimeSpan MetricsCollectionInterval { get; init; }

    /// <summary>Whether <c>/metrics</c> is served.</summary>
    public required bool MetricsEnabled { get; init; }

    public required bool MetricsPerVm { get; init; }

    /// <summary>The agent's own namespace.</summary>
    public required string Namespace { get; init; }

    /// <summary>Whether a Lease decides which of several agents works.</summary>
    public required bool LeaderElection { get; init; }

    /// <summary>How long the end may take.</summary>
    public required TimeSpan ShutdownTimeout { get; init; }

    /// <summary>The name of the pod the agent runs in; null outside of one.</summary>
    public string? PodName { get; init; }

    /// <summary>Its uid; null outside of one.</summary>
    public string? PodUid { get; init; }

    /// <summary>Path of a kubeconfig; null: the pod's service account.</summary>
    public string? Kubeconfig { get; init; }
}

/// <summary>How to reach the hub.</summary>
public sealed record HubSettings
{
    public required Uri Endpoint { get; init; }

    /// <summary>The bearer token itself; null where it is read from <see cref="TokenFile"/>.</summary>
    public string? Token { get; init; }

    public string? TokenFile { get; init; }

    /// <summary>PEM files of the client certificate and its key; both or none.</summary>
    public string? CertFile { get; init; }

    public string? KeyFile { get; init; }

    public required bool TlsInsecure { get; init; }

    /// <summary>PEM file with CAs that are trusted in addition to the system's.</summary>
    public string? CaFile { get; init; }

    /// <summary>Limit of one whole call, retries included.</summary>
    public required TimeSpan Timeout { get; init; }

    public required TimeSpan PollInterval { get; init; }

    /// <summary>The word sent for a healthy agent (older hubs: <c>active</c>).</summary>
    public required string HealthyStatus { get; init; }

    /// <summary>The word sent for a completed operation (one hub generation: <c>success</c>).</summary>
    public required string SuccessStatus { get; init; }

    /// <summary>Without the token.</summary>
    public override string ToString() => $"HubSettings {{ Endpoint = {Endpoint} }}";
}

/// <summary>How operations are executed.</summary>
public sealed record OperationSettings
{
    /// <summary>How many execute at once.</summary>
    public required int Concurrency { get; init; }

    /// <summary>Limit of one execution where the hub sets none.</summary>
    public required TimeSpan Timeout { get; init; }

    /// <summary>The longest limit of an execution, whatever the hub sets.</summary>
    public required TimeSpan MaxTimeout { get; init; }

    /// <summary>How many may wait before no more are taken.</summary>
    public required int Backlog { get; init; }

    /// <summary>How long a delivered operation is remembered.</summary>
    public required TimeSpan Retention { get; init; }

    /// <summary>An operation that waited longer is not begun any more.</summary>
    public required TimeSpan Expiry { get; init; }

    /// <summary>How much room all journal records may take before no more operations are taken.</summary>
    public required long JournalMaxBytes { get; init; }
}

/// <summary>What is the same for all Virtual Data Centers.</summary>
public sealed record VdcSettings
{
    /// <summary>The pod security standard that is enforced: <c>privileged</c>, <c>baseline</c> or <c>restricted</c>.</summary>
    public required string PodSecurity { get; init; }

    /// <summary>Whether a deletion that does not say so deletes the VMs, too.</summary>
    public bool Cascade { get; init; }

    /// <summary>
    /// The cluster's own addresses, which importers of an isolated VDC do not reach. The default covers every range
    /// that is not routed on the Internet (RFC 1918, 6598, 3927, 4193, 4291), as most clusters use for all of theirs.
    /// </summary>
    public IReadOnlyList<IPNetwork> ClusterCidrs { get; init; } =
    [
        IPNetwork.Parse("10.0.0.0/8"), IPNetwork.Parse("172.16.0.0/12"), IPNetwork.Parse("192.168.0.0/16"),
        IPNetwork.Parse("100.64.0.0/10"), IPNetwork.Parse("169.254.0.0/16"), IPNetwork.Parse("127.0.0.0/8"),
        IPNetwork.Parse("fc00::/7"), IPNetwork.Parse("fe80::/10"),
    ];

    /// <summary>Where the cluster's DNS is; null: at the nameservers of the agent's own pod.</summary>
    public IReadOnlyList<DnsTarget>? DnsTargets { get; init; }

    /// <summary>Null: that of the KubeVirt object.</summary>
    public string? KubeVirtNamespace { get; init; }

    /// <summary>Null: that of CDI's registered API.</summary>
    public string? CdiNamespace { get; init; }
}

/// <summary>Where templates come from.</summary>
public sealed record TemplateSettings
{
    /// <summary>Whether they are taken from the hub.</summary>
    public required bool Sync { get; init; }

    /// <summary>Time between two requests for them.</summary>
    public required TimeSpan SyncInterval { get; init; }
}

/// <summary>Where the agent's endpoints listen.</summary>
public sealed record HttpSettings
{
    /// <summary>IP address.</summary>
    public required string Address { get; init; }

    /// <summary>0 takes any free port.</summary>
    public required int Port { get; init; }

    /// <summary>Of the local API, on the loopback addresses; 0 takes any free port, null: there is none.</summary>
    public int? DebugPort { get; init; }

    /// <summary>PEM files of the server certificate and its key, both or none; none: plain HTTP.</summary>
    public string? CertFile { get; init; }

    public string? KeyFile { get; init; }
}

/// <summary>Whether and how the hub may push operations.</summary>
public sealed record PushSettings
{
    /// <summary>File with the token that a push must show.</summary>
    public string? TokenFile { get; init; }

    /// <summary>PEM file with the CAs whose client certificates may push.</summary>
    public string? ClientCaFile { get; init; }

    /// <summary>Where the hub reaches this agent; null where pushes could not prove themselves.</summary>
    public Uri? CallbackUrl { get; init; }

    /// <summary>The addresses from which operations are accepted that prove nothing; empty: from nowhere.</summary>
    public IReadOnlyList<IPNetwork> UnprovenFrom { get; init; } = [];

    /// <summary>The proxies whose <c>X-Forwarded-For</c> is believed; empty: none.</summary>
    public IReadOnlyList<IPNetwork> TrustedProxies { get; init; } = [];

    /// <summary>Requests can prove that they come from the hub.</summary>
    public bool CanBeProven => TokenFile is not null || ClientCaFile is not null;

    /// <summary>Some addresses may push without proof.</summary>
    public bool AllowsUnproven => UnprovenFrom.Count > 0;
}

/// <summary>What the log shows and how.</summary>
public sealed record LogSettings
{
    /// <summary>The category of the audit log, whose lines are written whatever the level, and as JSON.</summary>
    public const string AuditCategory = "OvimSpokeAgent.Audit";

    public required LogLevel Level { get; init; }

    /// <summary>One JSON object a line; else plain text.</summary>
    public required bool Json { get; init; }
}
