using System.Text.Json;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Operations;
using OvimSpokeAgent.Validation;

namespace OvimSpokeAgent.VirtualMachines;

/// <summary>A valid <c>create_vm</c>.</summary>
internal sealed record VirtualMachineRequest
{
    private const int MaxVcpus = 512;

    public required NamespacedName Name { get; init; }

    /// <summary>Its disks; the first is the root disk.</summary>
    public required IReadOnlyList<DiskRequest> Disks { get; init; }

    /// <summary>vCPUs; null with an instancetype.</summary>
    public int? Vcpus { get; init; }

    /// <summary>Guest memory; null with an instancetype.</summary>
    public Quantity? Memory { get; init; }

    public TypeReference? Instancetype { get; init; }

    public TypeReference? Preference { get; init; }

    /// <summary>What the guest reads when it starts.</summary>
    public GuestData Guest { get; init; } = new();

    /// <summary>How the machine is built and treated.</summary>
    public MachineOptions Machine { get; init; } = new();

    public required IReadOnlyDictionary<string, string> Labels { get; init; }

    public required IReadOnlyDictionary<string, string> Annotations { get; init; }

    /// <summary>
    /// Its networks in the order of the guest's interfaces: NetworkAttachmentDefinitions of the VM's namespace; null is the pod
    /// network.
    /// </summary>
    public required IReadOnlyList<string?> Networks { get; init; }

    /// <summary>What the result tells besides the status.</summary>
    public RequestNotes Notes { get; init; } = new();

    /// <summary>The root disk.</summary>
    public DiskRequest Root => Disks[0];

    /// <summary>All that was asked for, a template's share included.</summary>
    public JsonElement Payload { get; init; } = JsonText.EmptyObject;

    /// <summary>The template that it is made from; null: from none.</summary>
    public string? Template { get; init; }

    /// <summary>Parts of its <c>spec.template.spec</c> that a template has and no field says; undefined: none.</summary>
    public JsonElement Carried { get; init; }

    /// <summary>Whether its guest is to run now.</summary>
    public bool Run => Machine.RunStrategy is not ("Halted" or "Manual");

    /// <summary>Reads a payload; what is wrong with it is in <paramref name="payload"/> afterwards.</summary>
    public static VirtualMachineRequest Read(PayloadReader payload)
    {
        var name = payload.RequiredNewNamespacedName();
        var instancetype = ReadInstancetype(payload);
        var notes = new RequestNotes();
        return new VirtualMachineRequest
        {
            Name = name,
            Disks = new DiskReader(payload, name, notes).Read(),
            Vcpus = ReadVcpus(payload, instancetype),
            Memory = ReadMemory(payload, instancetype),
            Instancetype = instancetype,
            Preference = ReadType(payload, "preference", "virtualmachinepreference", "virtualmachineclusterpreference"),
            Guest = new GuestDataReader(payload, notes).Read(),
            Labels = payload.Labels(),
            Annotations = payload.Annotations(),
            Networks = new NetworkReader(payload, name).Read(),
            Machine = MachineOptions.Read(payload, notes),
            Payload = payload.Json,
            Notes = notes,
        };
    }

    /// <summary>Reads the field <c>instancetype</c>; null when it is absent or wrong.</summary>
    public static TypeReference? ReadInstancetype(PayloadReader payload) =>
        ReadType(payload, "instancetype", TypeReference.Instancetype, TypeReference.ClusterInstancetype);

    private static int? ReadVcpus(PayloadReader payload, TypeReference? instancetype)
    {
        if (instancetype is null)
            return ReadVcpus(payload) ?? Missing(payload, "cpu", "a number of vCPUs (or instancetype)");
        if (payload.OptionalQuantity("", "cpu") is { } cpu)
            payload.Reject("cpu", cpu.Text, "allowed with instancetype, which sets it");
        return null;
    }

    /// <summary>Reads the field <c>cpu</c> as vCPUs; null when it is absent or wrong.</summary>
    public static int? ReadVcpus(PayloadReader payload)
    {
        var cpu = payload.OptionalQuantity("", "cpu");
        if (cpu is null) return null;
        if (cpu.Value.Value is >= 1 and <= MaxVcpus && decimal.IsInteger(cpu.Value.Value)) return (int)cpu.Value.Value;
        payload.Reject("cpu", cpu.Value.Text, $"a whole number of vCPUs from 1 to {MaxVcpus}");
        return null;
    }

    private static Quantity? ReadMemory(PayloadReader payload, TypeReference? instancetype)
    {
        if (instancetype is null)
        {
            if (ReadMemory(payload) is { } given) return given;
            Missing(payload, "memory", "an amount of memory such as \"4Gi\" (or instancetype)");
        }
        else if (payload.OptionalQuantity("Gi", "memory") is { } memory)
        {
            payload.Reject("memory", memory.Text, "allowed with instancetype, which sets it");
        }
        return null;
    }

    /// <summary>Reads the field <c>memory</c> as guest memory; null when it is absent or wrong.</summary>
    public static Quantity? ReadMemory(PayloadReader payload)
    {
        var memory = payload.OptionalQuantity("Gi", "memory");
        if (memory is null) return null;
        if (memory.Value.Value < 1 << 20 || !decimal.IsInteger(memory.Value.Value))
            payload.Reject("memory", memory.Value.Text, "a whole number of bytes, at least 1Mi");
        return memory;
    }

    // A field that was there and wrong is told of already.
    private static int? Missing(PayloadReader payload, string field, string expected)
    {
        if (!payload.IsRejected(field)) payload.RejectMissing(field, expected);
        return null;
    }

    // As virtctl writes it: NAME, or KIND/NAME. Without a kind KubeVirt means the cluster-wide one.
    private static TypeReference? ReadType(PayloadReader payload, string field, string namespaced, string clusterWide)
    {
        if (payload.OptionalString(field) is not { } text) return null;
        var parts = text.Split('/');
        var kind = parts.Length == 1 ? clusterWide : parts[0].ToLowerInvariant();
        if (parts.Length > 2 || (kind != namespaced && kind != clusterWide) || !KubernetesNames.IsShortDnsSubdomain(parts[^1]))
            payload.Reject(field, text, $"NAME, {clusterWide}/NAME or {namespaced}/NAME");
        return new TypeReference(kind, parts[^1]);
    }
}
