using System.Text.Json;
using System.Text.Json.Nodes;
using OvimSpokeAgent.Cluster;

namespace OvimSpokeAgent.VirtualMachines;

/// <summary>
/// What else moves in a VM's template when its vCPUs or its memory change: the topology where the sockets do not come out,
/// and requests and limits, by the proportions that the VM has: overcommit is its owner's choice. Pure.
/// </summary>
internal sealed class VirtualMachineResize
{
    private const decimal MiB = 1 << 20;
    private const decimal Most = 1L << 59;

    private readonly VirtualMachineChange _change;
    private readonly VirtualMachineDomain? _domain;
    private readonly VirtualMachineFootprint _before;

    /// <param name="change">The change.</param>
    /// <param name="vm">The VM before it, or after.</param>
    /// <param name="cpuOvercommit">vCPUs to a requested core, of VMs that the agent made.</param>
    public VirtualMachineResize(VirtualMachineChange change, VirtualMachineObject vm, decimal cpuOvercommit)
    {
        (_change, _domain) = (change, vm.Spec?.Template?.Spec?.Domain);
        _before = VirtualMachineFootprint.Of(vm);
        if (change.Vcpus is { } vcpus)
        {
            CpuLimit = Amount("cpu", Limits) is { } limit ? Quantity.OfCores(Scaled(limit, _before.Vcpus, vcpus)) : null;
            CpuRequest = vm.Metadata.Annotation(WellKnownNames.CreatedByAnnotation) is not null
                ? RequestOfOurs(vm, vcpus, cpuOvercommit, CpuLimit?.Value)
                : RequestOfOwners(vcpus);
        }
        if (change.Memory is { } memory)
        {
            MemoryLimit = LimitOf(memory.Value);
            MemoryRequest = RequestOf(memory);
        }
    }

    /// <summary>The request as it is to be; null: it stays.</summary>
    public Quantity? CpuRequest { get; }

    /// <summary>The limit as it is to be; null: it stays.</summary>
    public Quantity? CpuLimit { get; }

    /// <summary>The request as it is to be; null: it stays.</summary>
    public Quantity? MemoryRequest { get; }

    /// <summary>The limit as it is to be; null: it stays.</summary>
    public Quantity? MemoryLimit { get; }

    /// <summary>Whether the sockets alone give the vCPUs.</summary>
    public bool KeepsTopology => _change.Vcpus is not { } vcpus || vcpus % OfSocket == 0;

    /// <summary>The cores that a VM which the agent made requests for the vCPUs it has; null where it requests none.</summary>
    public static Quantity? RequestOfOurs(VirtualMachineObject vm, decimal cpuOvercommit) => RequestOfOurs(
        vm,
        VirtualMachineFootprint.Of(vm).Vcpus,
        cpuOvercommit,
        Amount("cpu", vm.Spec?.Template?.Spec?.Domain?.Resources?.Limits));

    // KubeVirt refuses a request beyond the limit.
    private static Quantity? RequestOfOurs(VirtualMachineObject vm, long vcpus, decimal cpuOvercommit, decimal? limit) =>
        vm.Spec?.Template?.Spec?.Domain?.Resources?.Requests?.ContainsKey("cpu") is true
            ? Quantity.OfCores(Math.Min(VirtualMachineManifest.CpuRequest(vcpus, cpuOvercommit).Value, limit ?? Most))
            : null;

    /// <summary>The template's domain, as a merge patch.</summary>
    /// <param name="isLive">The guest takes more vCPUs as it runs; KubeVirt moves its request along.</param>
    public JsonObject ToPatch(bool isLive)
    {
        var domain = new JsonObject();
        if (_change.Vcpus is { } vcpus) domain["cpu"] = Topology(vcpus);
        if (_change.Memory is { } memory) domain["memory"] = new JsonObject { ["guest"] = memory.Text };
        var resources = new JsonObject();
        // Another request would make KubeVirt wait for a restart.
        Add("requests", ("cpu", isLive ? null : CpuRequest), ("memory", MemoryRequest));
        Add("limits", ("cpu", CpuLimit), ("memory", MemoryLimit));
        if (resources.Count > 0) domain["resources"] = resources;
        return domain;

        void Add(string field, params ReadOnlySpan<(string Name, Quantity? Amount)> amounts)
        {
            var json = new JsonObject();
            foreach (var (name, amount) in amounts)
            {
                if (amount is { } given) json[name] = given.Text;
            }
            if (json.Count > 0) resources[field] = json;
        }
    }

    private long OfSocket => Of(_domain?.Cpu);

    private IReadOnlyDictionary<string, JsonElement>? Requests => _domain?.Resources?.Requests;

    private IReadOnlyDictionary<string, JsonElement>? Limits => _domain?.Resources?.Limits;

    /// <summary>The vCPUs of one socket.</summary>
    public static long Of(VirtualMachineCpu? cpu) =>
        (long)Math.Min(cpu?.VcpusOfSocket ?? 1, Most);

    private JsonObject Topology(int vcpus)
    {
        if (KeepsTopology) return new JsonObject { ["sockets"] = vcpus / OfSocket };
        var cpu = new JsonObject { ["sockets"] = vcpus, ["cores"] = 1, ["threads"] = 1 };
        // As many vCPUs as before are the most that the guest can be given while it runs.
        if (_domain?.Cpu?.MaxSockets is { } most and > 0)
            cpu["maxSockets"] = (long)Math.Clamp((decimal)most * OfSocket, vcpus, int.MaxValue);
        return cpu;
    }

    private Quantity? RequestOfOwners(int vcpus) => Amount("cpu", Requests) is { } request
        ? AtMost(Quantity.OfCores(Scaled(request, _before.Vcpus, vcpus)), CpuLimit)
        : null;

    private Quantity? RequestOf(Quantity memory)
    {
        if (Amount("memory", Requests) is not { } request) return null;
        if (MemoryLimit is not null && request == Amount("memory", Limits)) return MemoryLimit;
        if (request == _before.MemoryBytes) return AtMost(memory, MemoryLimit);
        return AtMost(InMebibytes(Scaled(request, _before.MemoryBytes, memory.Value)), MemoryLimit);
    }

    // What a pod needs beside its guest does not shrink with it.
    private Quantity? LimitOf(decimal memory) => Amount("memory", Limits) is { } limit
        ? InMebibytes(Math.Max(Scaled(limit, _before.MemoryBytes, memory), memory + Math.Max(0, limit - _before.MemoryBytes)))
        : null;

    private static decimal? Amount(string name, IReadOnlyDictionary<string, JsonElement>? amounts) =>
        VirtualMachineFootprint.Value(amounts?.GetValueOrDefault(name)) is { } amount ? Math.Clamp(amount, 0, Most) : null;

    private static Quantity AtMost(Quantity amount, Quantity? limit) =>
        limit is { } most && most.Value < amount.Value ? most : amount;

    private static Quantity InMebibytes(decimal bytes) => Quantity.OfBytes(Math.Min(Math.Ceiling(bytes / MiB) * MiB, Most));

    private static decimal Scaled(decimal amount, decimal from, decimal to)
    {
        if (from <= 0 || amount <= 0) return amount;
        var factor = to / from;
        // The quotient is rounded: what comes out whole must not become a little more.
        return factor > Most / amount ? Most : Math.Round(amount * factor, 9);
    }
}
