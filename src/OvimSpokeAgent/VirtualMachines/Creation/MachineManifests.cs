using System.Text.Json.Nodes;

namespace OvimSpokeAgent.VirtualMachines;

/// <summary>Turns a request's machine into KubeVirt's words. Pure.</summary>
internal static class MachineManifests
{
    /// <summary>The domain without its devices.</summary>
    public static JsonObject Domain(VirtualMachineRequest request, decimal cpuOvercommit)
    {
        var domain = new JsonObject();
        if (request.Vcpus is { } vcpus)
        {
            // Sockets, not cores: they are what KubeVirt can add to a running VM.
            domain["cpu"] = new JsonObject { ["sockets"] = vcpus, ["cores"] = 1, ["threads"] = 1 };
            // KubeVirt's own would be a tenth of a core a vCPU.
            domain["resources"] = new JsonObject
            {
                ["requests"] = new JsonObject { ["cpu"] = VirtualMachineManifest.CpuRequest(vcpus, cpuOvercommit).Text },
            };
        }
        if (request.Memory is { } memory) domain["memory"] = new JsonObject { ["guest"] = memory.Text };
        if (request.Machine.MachineType is { } type) domain["machine"] = new JsonObject { ["type"] = type };
        if (request.Machine.Firmware is { } firmware)
        {
            domain["firmware"] = new JsonObject { ["bootloader"] = Bootloader(firmware) };
            // KubeVirt refuses secure boot without it.
            if (firmware == "efi-secure") domain["features"] = new JsonObject { ["smm"] = new JsonObject { ["enabled"] = true } };
        }
        return domain;
    }

    /// <summary>Adds to a VM's template how KubeVirt is to treat its guest.</summary>
    public static void AddTreatment(JsonObject spec, MachineOptions machine)
    {
        if (machine.Architecture is { } architecture) spec["architecture"] = architecture;
        if (machine.EvictionStrategy is { } eviction) spec["evictionStrategy"] = eviction;
        if (machine.TerminationGracePeriod is { } seconds) spec["terminationGracePeriodSeconds"] = seconds;
    }

    // KubeVirt's EFI is one with secure boot, unless it is told otherwise.
    private static JsonObject Bootloader(string firmware) => firmware switch
    {
        "bios" => new JsonObject { ["bios"] = new JsonObject() },
        "efi" => new JsonObject { ["efi"] = new JsonObject { ["secureBoot"] = false } },
        _ => new JsonObject { ["efi"] = new JsonObject { ["secureBoot"] = true } },
    };
}
