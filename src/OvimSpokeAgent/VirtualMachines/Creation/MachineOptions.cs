using System.Text.RegularExpressions;
using OvimSpokeAgent.Operations;

namespace OvimSpokeAgent.VirtualMachines;

/// <summary>How a VM's machine is built and treated, beside its size, disks and networks; what is null is left to KubeVirt.</summary>
internal sealed partial record MachineOptions
{
    private const string Always = "Always";
    private const string Halted = "Halted";
    private const int MaxGracePeriod = 86_400;

    /// <summary>Whether and how KubeVirt runs it.</summary>
    public string RunStrategy { get; init; } = Always;

    /// <summary><c>bios</c>, <c>efi</c> or <c>efi-secure</c>.</summary>
    public string? Firmware { get; init; }

    /// <summary>QEMU's, e.g. <c>q35</c>.</summary>
    public string? MachineType { get; init; }

    public string? Architecture { get; init; }

    public string? EvictionStrategy { get; init; }

    /// <summary>Seconds that the guest has to shut down.</summary>
    public int? TerminationGracePeriod { get; init; }

    /// <summary>Reads a payload; what is wrong with it is in <paramref name="payload"/> afterwards.</summary>
    public static MachineOptions Read(PayloadReader payload, RequestNotes notes)
    {
        var machine = payload.OptionalString("machine_type");
        if (machine is not null && !MachineName().IsMatch(machine))
            payload.Reject("machine_type", machine, "a machine type of QEMU, such as \"q35\"");
        return new MachineOptions
        {
            RunStrategy = ReadStrategy(payload, notes),
            Firmware = payload.OptionalChoice("firmware", "bios", "efi", "efi-secure"),
            MachineType = machine,
            Architecture = payload.OptionalChoice("architecture", "amd64", "arm64", "s390x"),
            EvictionStrategy = payload.OptionalChoice("eviction_strategy", "LiveMigrate", "LiveMigrateIfPossible", "None", "External"),
            TerminationGracePeriod = payload.OptionalInt("termination_grace_period_seconds", 0, MaxGracePeriod),
        };
    }

    private static string ReadStrategy(PayloadReader payload, RequestNotes notes)
    {
        var run = payload.OptionalBool("run");
        var strategy = payload.OptionalChoice("run_strategy", Always, Halted, "Manual", "RerunOnFailure", "Once");
        if (strategy is null) return run is false ? Halted : Always;
        if (run is { } wish && wish == (strategy == Halted))
            notes.Ignored($"run ({(wish ? "true" : "false")}): run_strategy ({strategy}) says it");
        return strategy;
    }

    [GeneratedRegex(@"^[a-zA-Z0-9]([a-zA-Z0-9._-]{0,61}[a-zA-Z0-9])?\z")]
    private static partial Regex MachineName();
}
