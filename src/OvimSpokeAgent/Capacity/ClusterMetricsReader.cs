using OvimSpokeAgent.Configuration;
using OvimSpokeAgent.Contract;

namespace OvimSpokeAgent.Capacity;

/// <summary>The figures in the contract's words: <c>metrics</c> of reports, the result of <c>get_metrics</c>, the use of VMs.</summary>
internal sealed class ClusterMetricsReader(ClusterFiguresReader figures, AgentSettings settings)
{
    /// <summary>How many nodes are listed, those with which something is wrong before others; sums are of all.</summary>
    public const int MaxNodes = 500;

    /// <summary>Completes when it is known what there is, or after a while.</summary>
    public Task WaitForFirstAnswersAsync(CancellationToken cancellationToken) => figures.WaitForFirstAnswersAsync(cancellationToken);

    /// <summary>The metrics of now; no request.</summary>
    public ClusterMetrics Read() => ToContract(figures.Read(), settings);

    /// <summary>The VM with what its pods use, where that was measured.</summary>
    public VirtualMachineStatus WithUse(VirtualMachineStatus vm) => figures.UseOf(new(vm.Namespace, vm.Name)) is { } use
        ? vm with { CpuUsed = use.Cpu, MemoryUsed = use.Memory }
        : vm;

    internal static ClusterMetrics ToContract(ClusterFigures all, AgentSettings settings)
    {
        var nodes = all.Nodes ?? [];
        return new ClusterMetrics
        {
            ClusterId = settings.ClusterId,
            ZoneId = settings.ZoneId,
            Resources = ResourcesOf(all),
            NodeStatus =
            [
                .. nodes.OrderBy(node => node.Node.Readiness is NodeReadiness.Ready)
                    .ThenBy(node => !node.Node.Pressures.Any())
                    .ThenBy(node => !node.Node.IsCordoned)
                    .ThenBy(node => node.Node.Name, StringComparer.Ordinal)
                    .Take(MaxNodes)
                    .Select(StatusOf),
            ],
            NodeStatusTruncated = nodes.Count > MaxNodes ? true : null,
            StorageClasses = all.Storage.Classes.Count > 0 ? [.. all.Storage.Classes.Select(StatusOf)] : null,
            LastCollected = all.CollectedAt,
            Warnings = all.Warnings.Count > 0 ? all.Warnings : null,
        };
    }

    private static ResourceMetrics ResourcesOf(ClusterFigures all)
    {
        var storage = all.Storage;
        var common = new ResourceMetrics
        {
            StorageUsed = storage.ClaimedBytes,
            StorageCapacity = storage.CapacityBytes,
            StoragePercent = PercentOf(storage.ClaimedBytes, storage.CapacityBytes),
            VmCount = all.Vms,
        };
        if (all.Nodes is not { } nodes) return common;
        var (capacity, allocatable, measured, requested) = (all.Capacity, all.Allocatable, all.MeasuredCapacity, all.Requested);
        return common with
        {
            CpuUsed = all.Used?.Cpu,
            CpuCapacity = capacity.Cpu,
            CpuPercent = PercentOf(all.Used?.Cpu, measured.Cpu),
            CpuAllocatable = allocatable.Cpu,
            CpuRequested = requested.Cpu,
            MemoryUsed = all.Used?.Memory,
            MemoryCapacity = capacity.Memory,
            MemoryPercent = PercentOf(all.Used?.Memory, measured.Memory),
            MemoryAllocatable = allocatable.Memory,
            MemoryRequested = requested.Memory,
            NodeCount = nodes.Count,
            NodesMeasured = all.Measured,
        };
    }

    private static NodeStatus StatusOf(NodeFigures node) => new()
    {
        Name = node.Node.Name,
        Status = node.Node.Readiness.ToString(),
        Cpu = new ResourceMetrics
        {
            CpuUsed = node.Used?.Cpu,
            CpuCapacity = node.Node.Capacity.Cpu,
            CpuPercent = PercentOf(node.Used?.Cpu, node.Node.Capacity.Cpu),
            CpuAllocatable = node.Node.Allocatable.Cpu,
            CpuRequested = node.Requested.Cpu,
        },
        Memory = new ResourceMetrics
        {
            MemoryUsed = node.Used?.Memory,
            MemoryCapacity = node.Node.Capacity.Memory,
            MemoryPercent = PercentOf(node.Used?.Memory, node.Node.Capacity.Memory),
            MemoryAllocatable = node.Node.Allocatable.Memory,
            MemoryRequested = node.Requested.Memory,
        },
        Storage = new ResourceMetrics { StorageCapacity = node.Node.Capacity.Storage },
        Labels = node.Node.Labels,
        Conditions = node.Node.Conditions.Count > 0 ? node.Node.Conditions : null,
        Unschedulable = node.Node.IsCordoned ? true : null,
        Message = node.Node.Problem,
    };

    private static StorageClassStatus StatusOf(StorageClassFigures item) => new()
    {
        Name = item.Name,
        Provisioner = item.Provisioner,
        Default = item.IsDefault ? true : null,
        Bound = item.Bound,
        Pending = item.Pending,
        Lost = item.Lost,
        Claimed = item.ClaimedBytes,
        Requested = item.PendingBytes,
        Available = item.AvailableBytes,
    };

    // Null where there is no telling.
    private static double? PercentOf(long? used, long? capacity) =>
        used is { } some && capacity is > 0 and var all ? Math.Min(100, Math.Round(100.0 * some / all, 2)) : null;
}
