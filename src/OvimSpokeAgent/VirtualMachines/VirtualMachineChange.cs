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

    /// <summary>The instancetype that gives the size from now on.</summary>
    public TypeReference? Instancetype { get; init; }

    /// <summary>Whether the VM is to have another size.</summary>
    public bool Resizes => this is not { Vcpus: null, Memory: null, Instancetype: null };

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
            Instancetype = VirtualMachineRequest.ReadInstancetype(payload),
            Labels = payload.LabelChanges(),
            Annotations = payload.AnnotationChanges(),
        };
        if (change.Instancetype is not null)
        {
            if (change.Vcpus is { } vcpus) payload.Reject("cpu", $"{vcpus}", "allowed with instancetype, which sets it");
            if (change.Memory is { } memory) payload.Reject("memory", memory.Text, "allowed with instancetype, which sets it");
        }
        if (payload.Errors.Count == 0 && change is { Resizes: false, Labels.Count: 0, Annotations.Count: 0 })
            payload.RejectBecause("payload", "nothing to change, expected at least one of cpu, memory, instancetype, labels, annotations");
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
        if (Instancetype is { } type)
            return footprint with { Vcpus = 0, MemoryBytes = 0, Instancetype = new(type), CpuRequest = null, MemoryRequest = null };
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
        var (spec, template) = (new JsonObject(), new JsonObject());
        // The guest's pod carries the template's labels.
        if (Labels.Count > 0) template["metadata"] = new JsonObject { ["labels"] = StringMap.Of(Labels) };
        var domain = Instancetype is null ? new VirtualMachineResize(this, vm, cpuOvercommit).ToPatch(isLive) : WithoutSize(vm.Spec?.Template?.Spec?.Domain);
        if (domain.Count > 0) template["spec"] = new JsonObject { ["domain"] = domain };
        if (template.Count > 0) spec["template"] = template;
        if (Instancetype is { } type)
        {
            spec["instancetype"] = VirtualMachineManifest.Reference(type);
            // The revision is of the instancetype before, and KubeVirt takes the size from there and from nowhere else.
            spec["instancetype"]!["revisionName"] = null;
        }
        if (spec.Count > 0) patch["spec"] = spec;
        return patch;
    }

    // KubeVirt refuses a VM that says itself what its instancetype says.
    private static JsonObject WithoutSize(VirtualMachineDomain? domain)
    {
        var patch = new JsonObject();
        if (domain?.Cpu is not null) patch["cpu"] = Nulls("sockets", "cores", "threads", "maxSockets");
        if (domain?.Memory is not null) patch["memory"] = Nulls("guest", "maxGuest");
        var resources = new JsonObject();
        if (domain?.Resources?.Requests is not null) resources["requests"] = Nulls("cpu", "memory");
        if (domain?.Resources?.Limits is not null) resources["limits"] = Nulls("cpu", "memory");
        if (resources.Count > 0) patch["resources"] = resources;
        return patch;

        static JsonObject Nulls(params ReadOnlySpan<string> fields)
        {
            var nulls = new JsonObject();
            foreach (var field in fields) nulls[field] = null;
            return nulls;
        }
    }
}
