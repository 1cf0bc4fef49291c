using System.Globalization;
using System.Text.Json;
using OvimSpokeAgent.Cluster;

namespace OvimSpokeAgent.VirtualMachines;

/// <summary>vCPUs and guest memory of a VM or VMI by its own fields, as KubeVirt reads them; an instancetype says others.</summary>
/// <param name="Vcpus">At least 1, at most <see cref="SizeReader.MaxVcpus"/>.</param>
/// <param name="Memory">Null: nobody says it.</param>
internal sealed record VirtualMachineSize(long Vcpus, Quantity? Memory)
{
    /// <summary>vCPUs as reports have them.</summary>
    public string VcpusText => Vcpus.ToString(CultureInfo.InvariantCulture);

    /// <summary>Guest memory in bytes; 0 where nobody says it.</summary>
    public long MemoryBytes => Saturating.Ceiling(Memory?.Value ?? 0);

    /// <summary>
    /// vCPUs: <c>domain.cpu</c>, else the CPU limit, else the request, in whole ones, else 1 (KubeVirt,
    /// <c>pkg/virt-launcher/virtwrap/converter/vcpu</c>, <c>GetCPUTopology</c>). Memory: <c>memory.guest</c>, else the memory
    /// request, else the limit (<c>pkg/defaults</c>).
    /// </summary>
    public static VirtualMachineSize Of(VirtualMachineDomain? domain, SizeReader sizes) => new(
        sizes.Vcpus(domain?.Cpu) ?? sizes.Vcpus("cpu", Saturating.Ceiling(
            (sizes.Read("limits.cpu", Limit(domain, "cpu")) ?? sizes.Read("requests.cpu", Request(domain, "cpu")))?.Value ?? 1)),
        sizes.Read("memory.guest", domain?.Memory?.Guest)
            ?? sizes.Read("requests.memory", Request(domain, "memory"))
            ?? sizes.Read("limits.memory", Limit(domain, "memory")));

    public static JsonElement? Request(VirtualMachineDomain? domain, string resource) =>
        domain?.Resources?.Requests?.GetValueOrDefault(resource);

    private static JsonElement? Limit(VirtualMachineDomain? domain, string resource) =>
        domain?.Resources?.Limits?.GetValueOrDefault(resource);
}
