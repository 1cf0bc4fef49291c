using OvimSpokeAgent.Supervision;
using Prometheus;

namespace OvimSpokeAgent.VirtualDataCenters;

/// <summary>VDCs by status, and of each what is declared, what it uses and what weakens it; series of VDCs that are gone go.</summary>
internal sealed class VdcGauges(VdcStatusReader statuses, VdcConditions conditions, IMetricFactory metrics) : IGaugeSource
{
    private readonly Gauge _vdcs = metrics.CreateGauge("ovim_vdcs", "VDCs by status.", ["status"]);

    private readonly Gauge _quota = metrics.CreateGauge(
        "ovim_vdc_quota", "What is declared for a VDC (cores, bytes; 0: not limited).", ["vdc", "namespace", "resource"]);

    private readonly Gauge _used = metrics.CreateGauge("ovim_vdc_used", "What a VDC uses (cores, bytes, count).", ["vdc", "namespace", "resource"]);

    private readonly Gauge _weakened = metrics.CreateGauge(
        "ovim_vdc_isolation_weakened", "Policies of others that open what is declared closed.", ["vdc", "namespace"]);

    private HashSet<(string Vdc, string Namespace)> _shown = [];

    public void Update()
    {
        var vdcs = statuses.List();
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
            _weakened.WithLabels(name, ns).Set(conditions.Get(ns).WeakenedBy.Count(weakening => weakening.IsOfIsolation));
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
