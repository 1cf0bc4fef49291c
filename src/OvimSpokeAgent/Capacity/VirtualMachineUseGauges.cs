using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Configuration;
using OvimSpokeAgent.Supervision;
using Prometheus;

namespace OvimSpokeAgent.Capacity;

/// <summary>
/// What the pods of VMs use, the guest's share and KubeVirt's own: by managed namespace, and of each VM unless
/// <c>OVIM_METRICS_PER_VM=false</c>. Series of what is gone, or not measured any more, go.
/// </summary>
internal sealed class VirtualMachineUseGauges : IGaugeSource
{
    private readonly UsageCollector _usage;
    private readonly ManagedNamespaces _namespaces;
    private readonly bool _perVm;
    private readonly CurrentSeries<string> _namespaceCpu;
    private readonly CurrentSeries<string> _namespaceMemory;
    private readonly CurrentSeries<NamespacedName> _cpu;
    private readonly CurrentSeries<NamespacedName> _memory;

    public VirtualMachineUseGauges(UsageCollector usage, ManagedNamespaces namespaces, AgentSettings settings, IMetricFactory metrics)
    {
        (_usage, _namespaces, _perVm) = (usage, namespaces, settings.MetricsPerVm);
        _namespaceCpu = new(metrics.CreateGauge("ovim_agent_vms_used_cpu_cores", "CPU that the pods of VMs use.", ["namespace"]), key => [key]);
        _namespaceMemory = new(
            metrics.CreateGauge("ovim_agent_vms_used_memory_bytes", "Memory that the pods of VMs use.", ["namespace"]), key => [key]);
        _cpu = new(metrics.CreateGauge("ovim_agent_vm_used_cpu_cores", "CPU that a VM's pods use.", ["namespace", "vm"]), LabelsOf);
        _memory = new(
            metrics.CreateGauge("ovim_agent_vm_used_memory_bytes", "Memory that a VM's pods use.", ["namespace", "vm"]), LabelsOf);
    }

    public void Update()
    {
        var use = (_usage.Current?.VirtualMachines ?? new Dictionary<NamespacedName, MeasuredUse>())
            .Where(vm => _namespaces.IsManaged(vm.Key.Namespace)).ToList();
        var sums = use.GroupBy(vm => vm.Key.Namespace)
            .Select(ns => (ns.Key, Sum: ns.Aggregate(default(MeasuredUse), (sum, vm) => sum + vm.Value))).ToList();
        _namespaceCpu.Show(sums.Select(ns => (ns.Key, ns.Sum.Cpu / 1000.0)));
        _namespaceMemory.Show(sums.Select(ns => (ns.Key, (double)ns.Sum.Memory)));
        if (!_perVm) return;
        _cpu.Show(use.Select(vm => (vm.Key, vm.Value.Cpu / 1000.0)));
        _memory.Show(use.Select(vm => (vm.Key, (double)vm.Value.Memory)));
    }

    private static string[] LabelsOf(NamespacedName vm) => [vm.Namespace, vm.Name];
}
