using System.Text.Json.Nodes;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Operations;

namespace OvimSpokeAgent.VirtualMachines;

/// <summary>A valid <c>update_vm</c>: what is absent stays as it is.</summary>
internal sealed record VirtualMachineChange
{
    public required NamespacedName Name { get; init; }

    /// <summary>vCPUs.</summary>
    public int? Vcpus { get; init; }

    /// <summary>Guest memory.</summary>
    public Quantity? Memory { get; init; }

    /// <summary>Labels to set; null removes one.</summary>
    public required IReadOnlyDictionary<string, string?> Labels { get; init; }

    /// <summary>Annotations to set; null removes one.</summary>
    public required IReadOnlyDictionary<string, string?> Annotations { get; init; }

    /// <summary>Reads a payload; what is wrong with it is in <paramref name="payload"/> afterwards.</summary>
    public static VirtualMachineChange Read(PayloadReader payload)
    {
        var change = new VirtualMachineChange
        {
            Name = payload.RequiredNamespacedName(),
            Vcpus = VirtualMachineRequest.ReadVcpus(payload),
            Memory = VirtualMachineRequest.ReadMemory(payload),
            Labels = payload.LabelChanges(),
            Annotations = payload.AnnotationChanges(),
        };
        if (payload.Errors.Count == 0 && change is { Vcpus: null, Memory: null, Labels.Count: 0, Annotations.Count: 0 })
            payload.RejectBecause("payload", "nothing to change, expected at least one of cpu, memory, labels, annotations");
        return change;
    }

    /// <summary>Why this VM cannot be changed so, or null. Pure.</summary>
    public string? GetRefusal(VirtualMachineObject vm)
    {
        var field = Vcpus is not null ? "cpu" : Memory is not null ? "memory" : null;
        return field is not null && vm.Spec?.Instancetype?.Name is { Length: > 0 } type
            ? $"{field}: the size of VM {Name} is given by its instancetype \"{type}\""
            : null;
    }

    /// <summary>The footprint that the VM would have.</summary>
    public VirtualMachineFootprint Footprint(VirtualMachineObject vm, decimal cpuOvercommit)
    {
        var footprint = VirtualMachineFootprint.Of(vm);
        var resize = new VirtualMachineResize(this, vm, cpuOvercommit);
        return footprint with
        {
            Vcpus = Vcpus ?? footprint.Vcpus,
            MemoryBytes = (long?)Memory?.Value ?? footprint.MemoryBytes,
            MemoryRequest = (long?)resize.MemoryRequest?.Value ?? footprint.MemoryRequest,
            CpuRequest = resize.CpuRequest?.Value ?? footprint.CpuRequest,
        };
    }

    /// <summary>The merge patch, on the VM as it was read.</summary>
    /// <param name="vm">The VM: a change since is a conflict.</param>
    /// <param name="isLive">The guest takes more vCPUs as it runs.</param>
    /// <param name="cpuOvercommit">vCPUs to a requested core, of VMs that the agent made.</param>
    /// <param name="key">The operation.</param>
    public JsonObject ToPatch(VirtualMachineObject vm, bool isLive, decimal cpuOvercommit, OperationKey key)
    {
        var annotations = StringMap.Of(Annotations);
        annotations[WellKnownNames.OperationAnnotation] = key.Value;
        var patch = new JsonObject
        {
            ["metadata"] = new JsonObject
            {
                ["resourceVersion"] = vm.Metadata.ResourceVersion,
                ["labels"] = StringMap.Of(Labels),
                ["annotations"] = annotations,
            },
        };
        var template = new JsonObject();
        // The guest's pod carries the template's labels.
        if (Labels.Count > 0) template["metadata"] = new JsonObject { ["labels"] = StringMap.Of(Labels) };
        var domain = new VirtualMachineResize(this, vm, cpuOvercommit).ToPatch(isLive);
        if (domain.Count > 0) template["spec"] = new JsonObject { ["domain"] = domain };
        if (template.Count > 0) patch["spec"] = new JsonObject { ["template"] = template };
        return patch;
    }
}
