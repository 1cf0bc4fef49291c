namespace OvimSpokeAgent.Contract;

/// <summary>The body of <c>POST /api/v1/spoke/status</c>: registration and heartbeat.</summary>
public sealed record StatusReport
{
    public required string AgentId { get; init; }

    public required string ClusterId { get; init; }

    public required string ZoneId { get; init; }

    /// <summary><c>healthy</c> (or the configured word for it), <c>degraded</c> or <c>unavailable</c>.</summary>
    public required string Status { get; init; }

    public required string Version { get; init; }

    public required ClusterMetrics Metrics { get; init; }

    public IReadOnlyList<VdcStatus> Vdcs { get; init; } = [];

    public IReadOnlyList<VirtualMachineStatus> Vms { get; init; } = [];

    /// <summary>When the hub last answered; absent before it ever did.</summary>
    public DateTimeOffset? LastHubContact { get; init; }

    public required DateTimeOffset ReportTime { get; init; }

    public IReadOnlyList<string>? Errors { get; init; }

    public string? CallbackUrl { get; init; }
}

/// <summary>The report's <c>metrics</c>.</summary>
public sealed record ClusterMetrics
{
    public required string ClusterId { get; init; }

    public required string ZoneId { get; init; }

    public required ResourceMetrics Resources { get; init; }

    public IReadOnlyList<NodeStatus> NodeStatus { get; init; } = [];

    public required DateTimeOffset LastCollected { get; init; }
}

/// <summary>One node of the cluster.</summary>
public sealed record NodeStatus
{
    public required string Name { get; init; }

    /// <summary><c>Ready</c>, <c>NotReady</c> or <c>Unknown</c>.</summary>
    public required string Status { get; init; }

    public required ResourceMetrics Cpu { get; init; }

    public required ResourceMetrics Memory { get; init; }

    public required ResourceMetrics Storage { get; init; }

    public IReadOnlyDictionary<string, string>? Labels { get; init; }

    public IReadOnlyList<NodeCondition>? Conditions { get; init; }
}

/// <summary>A condition of a node, as Kubernetes states it.</summary>
public sealed record NodeCondition
{
    public required string Type { get; init; }

    public required string Status { get; init; }

    public DateTimeOffset? LastTransitionTime { get; init; }

    public string? Reason { get; init; }

    public string? Message { get; init; }
}

/// <summary>One Virtual Data Center; the hub looks it up by its namespace.</summary>
public sealed record VdcStatus
{
    public required string Name { get; init; }

    public required string Namespace { get; init; }

    /// <summary><c>Pending</c>, <c>Active</c>, <c>Failed</c>, <c>Suspended</c> or <c>Terminating</c>.</summary>
    public required string Status { get; init; }

    public required ResourceMetrics ResourceUsage { get; init; }

    public IReadOnlyDictionary<string, string>? Labels { get; init; }

    /// <summary>Set where <see cref="Labels"/> are not all: the agent's own, and of others at most 32 and 4 KiB.</summary>
    public bool? LabelsTruncated { get; init; }

    public DateTimeOffset CreatedAt { get; init; }

    public DateTimeOffset UpdatedAt { get; init; }

    /// <summary>What is not as the VDC's users and admins may think it is, e.g. <c>isolation weakened by …</c> (an extra
    /// field: hubs that do not know it ignore it).</summary>
    public IReadOnlyList<string>? Warnings { get; init; }
}
