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

    /// <summary>Templates from which no VM can be made on this cluster as it is now, the first of them; absent: none.</summary>
    public IReadOnlyList<TemplateProblem>? UnusableTemplates { get; init; }

    public string? CallbackUrl { get; init; }
}
