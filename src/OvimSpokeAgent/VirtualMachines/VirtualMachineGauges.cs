using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Configuration;
using OvimSpokeAgent.Contract;
using OvimSpokeAgent.Supervision;
using Prometheus;

namespace OvimSpokeAgent.VirtualMachines;

/// <summary>
/// The VMs of the managed namespaces, by status, and (<c>OVIM_METRICS_PER_VM</c>) of each its status and size. Series of VMs that are
/// gone go.
/// </summary>
internal sealed class VirtualMachineGauges : IGaugeSource
{
    private readonly VirtualMachineManager _manager;
    private readonly bool _perVm;
    private readonly CurrentSeries<(string Namespace, string Status)> _vms;
    private readonly CurrentSeries<(string Namespace, string Name, string Status)> _status;
    private readonly CurrentSeries<(string Namespace, string Name)> _cpu;
    private readonly CurrentSeries<(string Namespace, string Name)> _memory;

    public VirtualMachineGauges(VirtualMachineManager manager, AgentSettings settings, IMetricFactory metrics)
    {
        (_manager, _perVm) = (manager, settings.MetricsPerVm);
        _vms = new(metrics.CreateGauge("ovim_agent_vms", "VMs by status.", ["namespace", "status"]), key => [key.Namespace, key.Status]);
        _status = new(
            metrics.CreateGauge("ovim_agent_vm_status", "1 for the status that a VM has.", ["namespace", "vm", "status"]),
            key => [key.Namespace, key.Name, key.Status]);
        _cpu = new(metrics.CreateGauge("ovim_agent_vm_cpu_cores", "vCPUs of a VM.", ["namespace", "vm"]), Labels);
        _memory = new(metrics.CreateGauge("ovim_agent_vm_memory_bytes", "Guest memory of a VM.", ["namespace", "vm"]), Labels);
    }

    public void Update()
    {
        var vms = _manager.List(null);
        _vms.Show(vms.CountBy(vm => (vm.Namespace, vm.Status)).Select(count => (count.Key, (double)count.Value)));
        if (!_perVm) return;
        _status.Show(vms.Select(vm => ((vm.Namespace, vm.Name, vm.Status), 1.0)));
        _cpu.Show(Sizes(vms, vm => vm.Cpu));
        _memory.Show(Sizes(vms, vm => vm.Memory));
    }

    private static string[] Labels((string Namespace, string Name) key) => [key.Namespace, key.Name];

    private static IEnumerable<((string Namespace, string Name) Key, double Value)> Sizes(
        IReadOnlyList<VirtualMachineStatus> vms, Func<VirtualMachineStatus, string?> size)
    {
        foreach (var vm in vms)
        {
            if (Quantity.TryParse(size(vm), out var quantity)) yield return ((vm.Namespace, vm.Name), (double)quantity.Value);
        }
    }
}
