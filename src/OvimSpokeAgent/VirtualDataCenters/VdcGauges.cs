using OvimSpokeAgent.Contract;
using OvimSpokeAgent.Supervision;
using Prometheus;

namespace OvimSpokeAgent.VirtualDataCenters;

/// <summary>VDCs by status, and of each what is declared, what it uses and what weakens it; series of VDCs that are gone go.</summary>
internal sealed class VdcGauges : IGaugeSource
{
    private readonly VdcStatusReader _statuses;
    private readonly VdcConditions _conditions;
    private readonly Gauge _vdcs;
    private readonly CurrentSeries<(string Vdc, string Namespace, string Resource)> _quota;
    private readonly CurrentSeries<(string Vdc, string Namespace, string Resource)> _used;
    private readonly CurrentSeries<(string Vdc, string Namespace)> _weakened;

    public VdcGauges(VdcStatusReader statuses, VdcConditions conditions, IMetricFactory metrics)
    {
        (_statuses, _conditions) = (statuses, conditions);
        _vdcs = metrics.CreateGauge("ovim_agent_vdcs", "VDCs by status.", ["status"]);
        string[] labels = ["vdc", "namespace", "resource"];
        _quota = new(
            metrics.CreateGauge("ovim_agent_vdc_quota", "What is declared for a VDC (cores, bytes; 0: not limited).", labels), LabelsOf);
        _used = new(metrics.CreateGauge("ovim_agent_vdc_used", "What a VDC uses (cores, bytes, count).", labels), LabelsOf);
        _weakened = new(
            metrics.CreateGauge(
                "ovim_agent_vdc_isolation_weakened", "Policies of others that open what is declared closed.", ["vdc", "namespace"]),
            key => [key.Vdc, key.Namespace]);
    }

    public void Update()
    {
        var vdcs = _statuses.List();
        foreach (var status in VdcStatusReader.Words)
            _vdcs.WithLabels(status).Set(vdcs.Count(vdc => vdc.Status == status));
        _quota.Show(vdcs.SelectMany(QuotaOf));
        _used.Show(vdcs.SelectMany(UseOf));
        _weakened.Show(vdcs.Select(vdc =>
            ((vdc.Name, vdc.Namespace), (double)_conditions.Get(vdc.Namespace).WeakenedBy.Count(weakening => weakening.IsOfIsolation))));
    }

    private static string[] LabelsOf((string Vdc, string Namespace, string Resource) key) => [key.Vdc, key.Namespace, key.Resource];

    private static IEnumerable<((string Vdc, string Namespace, string Resource) Key, double Value)> QuotaOf(VdcStatus vdc) =>
    [
        ((vdc.Name, vdc.Namespace, "cpu"), (vdc.ResourceUsage.CpuCapacity ?? 0) / 1000.0),
        ((vdc.Name, vdc.Namespace, "memory"), vdc.ResourceUsage.MemoryCapacity ?? 0),
        ((vdc.Name, vdc.Namespace, "storage"), vdc.ResourceUsage.StorageCapacity ?? 0),
    ];

    private static IEnumerable<((string Vdc, string Namespace, string Resource) Key, double Value)> UseOf(VdcStatus vdc) =>
    [
        ((vdc.Name, vdc.Namespace, "cpu"), (vdc.ResourceUsage.CpuUsed ?? 0) / 1000.0),
        ((vdc.Name, vdc.Namespace, "memory"), vdc.ResourceUsage.MemoryUsed ?? 0),
        ((vdc.Name, vdc.Namespace, "storage"), vdc.ResourceUsage.StorageUsed ?? 0),
        ((vdc.Name, vdc.Namespace, "vms"), vdc.ResourceUsage.VmCount ?? 0),
        ((vdc.Name, vdc.Namespace, "pods"), vdc.ResourceUsage.PodCount ?? 0),
    ];
}
