using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Supervision;
using OvimSpokeAgent.VirtualMachines;

namespace OvimSpokeAgent.Capacity;

/// <summary>
/// Reads one <see cref="UsageSample"/>: a request for all nodes and one for the pods of VMs. Kept is only what is of nodes and VMs that
/// the caches know, whatever comes.
/// </summary>
/// <remarks>
/// The API is of another server behind the API server, which may be slow or answer anything: each list has <see cref="Limit"/>, and
/// one object that cannot be read costs that object.
/// </remarks>
internal sealed class UsageReader(
    IKubernetesApi api,
    WatchCache<NodeObject, NodeItem> nodes,
    WatchCache<VirtualMachineInstanceObject, VirtualMachineInstanceItem> instances,
    TimeProvider time)
{
    /// <summary>How long one list may take as a whole.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);

    /// <summary>How old a measurement may be; metrics-server measures every 15 s, others every minute.</summary>
    public static readonly TimeSpan MaxAge = TimeSpan.FromMinutes(5);

    private const string VirtualMachinePods = "kubevirt.io=virt-launcher";
    private const string PodNamePrefix = "virt-launcher-";
    private const int PageSize = 500;
    private const int MaxOdd = 5;

    // A working set is a part of what there is. CPU time is counted by another clock, and may come out a little above it.
    private const decimal MostOfCapacity = 2;

    /// <exception cref="KubernetesApiException">There is no telling how much the nodes use.</exception>
    public async Task<UsageSample> ReadAsync(CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var (ofNodes, odd) = await ReadNodesAsync(now, cancellationToken);
        var sample = new UsageSample { CollectedAt = now, Nodes = ofNodes, Odd = odd, VirtualMachines = new Dictionary<NamespacedName, MeasuredUse>() };
        try
        {
            return sample with { VirtualMachines = await ReadVirtualMachinesAsync(now, cancellationToken) };
        }
        catch (KubernetesApiException e)
        {
            return sample with { VirtualMachinesProblem = e.Message };
        }
    }

    private async Task<(Dictionary<string, MeasuredUse> Nodes, List<string> Odd)> ReadNodesAsync(DateTimeOffset now, CancellationToken cancellationToken)
    {
        var measured = new Dictionary<string, MeasuredUse>();
        var odd = new List<string>();
        await ListAsync(CapacityKinds.NodeMetrics, null, CapacityJson.Default.NodeMetricsObject, Take, cancellationToken);
        return (measured, odd);

        void Take(ReadObject<NodeMetricsObject> item)
        {
            var name = item.Metadata.Name;
            if (nodes.Get(NamespacedName.ClusterScoped(name)) is not { } node) return;
            if (OddityOf(item, node, now, out var use) is not { } problem) measured[name] = use;
            else if (odd.Count < MaxOdd) odd.Add($"node {name}: {problem}");
        }
    }

    private static string? OddityOf(ReadObject<NodeMetricsObject> item, NodeItem node, DateTimeOffset now, out MeasuredUse use)
    {
        use = default;
        if (!TryGet(item, out var metrics)) return "its metrics cannot be read";
        if (metrics.Timestamp is { } at && now - at > MaxAge) return $"measured last at {at:O}";
        if (!MeasuredUse.TryRead(metrics.Usage, out use)) return "its use is no amount";
        return use.Cpu > node.Capacity.Cpu * MostOfCapacity || use.Memory > node.Capacity.Memory * MostOfCapacity
            ? $"it is said to use {use.Cpu}m and {use.Memory} bytes, more than it has"
            : null;
    }

    private async Task<Dictionary<NamespacedName, MeasuredUse>> ReadVirtualMachinesAsync(DateTimeOffset now, CancellationToken cancellationToken)
    {
        var measured = new Dictionary<NamespacedName, MeasuredUse>();
        await ListAsync(CapacityKinds.PodMetrics, VirtualMachinePods, CapacityJson.Default.PodMetricsObject, Take, cancellationToken);
        return measured;

        void Take(ReadObject<PodMetricsObject> item)
        {
            if (!TryGet(item, out var pod) || (pod.Timestamp is { } at && now - at > MaxAge)) return;
            if (VirtualMachineOf(pod.Metadata) is not { } vm || !TrySum(pod.Containers ?? [], out var use)) return;
            // While it migrates it has two pods.
            measured[vm] = measured.GetValueOrDefault(vm) + use;
        }
    }

    // By the labels that KubeVirt sets; who serves this API may leave them out, and then by the name that it makes.
    private NamespacedName? VirtualMachineOf(ObjectMetadata pod)
    {
        var name = pod.Label("vm.kubevirt.io/name") ?? pod.Label("vmi.kubevirt.io/id")
            ?? (pod.Name.StartsWith(PodNamePrefix, StringComparison.Ordinal) && pod.Name.LastIndexOf('-') is var end && end > PodNamePrefix.Length
                ? pod.Name[PodNamePrefix.Length..end]
                : null);
        return name is not null && instances.Get(new(pod.Namespace, name)) is { } vmi ? vmi.Name : null;
    }

    private static bool TrySum(IReadOnlyList<ContainerMetrics?> containers, out MeasuredUse sum)
    {
        sum = default;
        foreach (var container in containers)
        {
            if (!MeasuredUse.TryRead(container?.Usage, out var use)) return false;
            sum += use;
        }
        return containers.Count > 0;
    }

    private static bool TryGet<T>(ReadObject<T> item, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out T? value)
        where T : class, IKubernetesObject
    {
        try
        {
            value = item.Value;
            return true;
        }
        catch (JsonException)
        {
            value = null;
            return false;
        }
    }

    private async Task ListAsync<T>(
        ResourceKind kind, string? labelSelector, JsonTypeInfo<T> type, Action<ReadObject<T>> take, CancellationToken cancellationToken)
        where T : class, IKubernetesObject
    {
        var isInTime = await TimeLimit.RunAsync(
            Limit,
            time,
            async token =>
            {
                string? next = null;
                do
                {
                    var query = new ListQuery { LabelSelector = labelSelector, Limit = PageSize, Continue = next };
                    next = (await api.ListAsync(kind, "", query, type, take, token)).Continue;
                }
                while (next is not null);
            },
            cancellationToken);
        if (!isInTime) throw new KubernetesApiException(ApiErrorReason.Unavailable, $"{kind}: not answered as a whole within {Limit.TotalSeconds} s");
    }
}
