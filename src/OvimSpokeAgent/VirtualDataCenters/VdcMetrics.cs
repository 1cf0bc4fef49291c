using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Contract;
using Prometheus;

namespace OvimSpokeAgent.VirtualDataCenters;

/// <summary>The metrics of VDCs: repairs are counted when they happen, the rest is read when Prometheus asks.</summary>
internal sealed class VdcMetrics
{
    private readonly Counter _repairs;
    private readonly Counter _failures;
    private readonly Counter _refusals;
    private readonly Gauge _vdcs;
    private readonly Gauge _quota;
    private readonly Gauge _used;
    private readonly Gauge _weakened;
    private HashSet<(string Vdc, string Namespace)> _shown = [];

    public VdcMetrics(IMetricFactory metrics)
    {
        _repairs = metrics.CreateCounter(
            "ovim_vdc_drift_repairs_total", "Objects of VDCs that someone changed or deleted and the agent put back.", ["kind"]);
        _failures = metrics.CreateCounter("ovim_vdc_drift_repair_failures_total", "Attempts to put a VDC right that failed.");
        _refusals = metrics.CreateCounter("ovim_vdc_quota_refusals_total", "VMs that were refused because of what is declared.");
        _vdcs = metrics.CreateGauge("ovim_vdcs", "VDCs by status.", ["status"]);
        _quota = metrics.CreateGauge(
            "ovim_vdc_quota", "What is declared for a VDC (cores, bytes; 0: not limited).", ["vdc", "namespace", "resource"]);
        _used = metrics.CreateGauge("ovim_vdc_used", "What a VDC uses (cores, bytes, count).", ["vdc", "namespace", "resource"]);
        _weakened = metrics.CreateGauge(
            "ovim_vdc_isolation_weakened", "Policies of others that open what is declared closed.", ["vdc", "namespace"]);
    }

    public void Repaired(ResourceKind kind) => _repairs.WithLabels(kind.Kind).Inc();

    public void RepairFailed() => _failures.Inc();

    public void Refused() => _refusals.Inc();

    /// <summary>Sets the gauges; those of VDCs that are gone go.</summary>
    public void Show(IReadOnlyList<VdcStatus> vdcs, Func<string, int> weakenings)
    {
        foreach (var status in VdcStatusReader.Words)
            _vdcs.WithLabels(status).Set(vdcs.Count(vdc => vdc.Status == status));
        foreach (var vdc in vdcs)
        {
            var (name, ns, usage) = (vdc.Name, vdc.Namespace, vdc.ResourceUsage);
            _quota.WithLabels(name, ns, "cpu").Set(usage.CpuCapacity / 1000.0);
            _quota.WithLabels(name, ns, "memory").Set(usage.MemoryCapacity);
            _quota.WithLabels(name, ns, "storage").Set(usage.StorageCapacity);
            _used.WithLabels(name, ns, "cpu").Set(usage.CpuUsed / 1000.0);
            _used.WithLabels(name, ns, "memory").Set(usage.MemoryUsed);
            _used.WithLabels(name, ns, "storage").Set(usage.StorageUsed);
            _used.WithLabels(name, ns, "vms").Set(usage.VmCount);
            _used.WithLabels(name, ns, "pods").Set(usage.PodCount);
            _weakened.WithLabels(name, ns).Set(weakenings(ns));
        }
        var shown = vdcs.Select(vdc => (vdc.Name, vdc.Namespace)).ToHashSet();
        foreach (var (name, ns) in _shown.Except(shown)) Remove(name, ns);
        _shown = shown;
    }

    private void Remove(string name, string ns)
    {
        foreach (var resource in (string[])["cpu", "memory", "storage"]) _quota.RemoveLabelled(name, ns, resource);
        foreach (var resource in (string[])["cpu", "memory", "storage", "vms", "pods"]) _used.RemoveLabelled(name, ns, resource);
        _weakened.RemoveLabelled(name, ns);
    }
}
