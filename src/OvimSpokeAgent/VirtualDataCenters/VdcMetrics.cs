using OvimSpokeAgent.Cluster;
using Prometheus;

namespace OvimSpokeAgent.VirtualDataCenters;

/// <summary>What is counted of VDCs when it happens; <see cref="VdcGauges"/> are read when Prometheus asks.</summary>
internal sealed class VdcMetrics
{
    private readonly Counter _repairs;
    private readonly Counter _failures;
    private readonly Counter _refusals;

    public VdcMetrics(IMetricFactory metrics)
    {
        _repairs = metrics.CreateCounter(
            "ovim_agent_vdc_drift_repairs_total", "Objects of VDCs that someone changed or deleted and the agent put back.", ["kind"]);
        _failures = metrics.CreateCounter("ovim_agent_vdc_drift_repair_failures_total", "Attempts to put a VDC right that failed.");
        _refusals = metrics.CreateCounter("ovim_agent_vdc_quota_refusals_total", "VMs that were refused because of what is declared.");
    }

    public void Repaired(ResourceKind kind) => _repairs.WithLabels(kind.Kind).Inc();

    public void RepairFailed() => _failures.Inc();

    public void Refused() => _refusals.Inc();
}
