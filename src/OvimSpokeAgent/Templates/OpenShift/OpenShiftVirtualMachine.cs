using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Operations;
using OvimSpokeAgent.Validation;

namespace OvimSpokeAgent.Templates;

/// <summary>
/// Turns the VirtualMachine of a Template into fields of <c>create_vm</c>: so the payload can change them, a quota counts them, and
/// disks and networks are checked as those of any other template. What <c>create_vm</c> has no word for is carried over where it
/// does no more than tune the machine (<see cref="Carried"/>), and refused by its place where not. Pure.
/// </summary>
internal sealed class OpenShiftVirtualMachine
{
    /// <summary>Of the VM's template, the parts that no field of <c>create_vm</c> says, and that cost and reach nothing beyond the VM.</summary>
    private static readonly string[] CarriedOfSpec = ["affinity", "hostname", "nodeSelector", "subdomain", "tolerations", "topologySpreadConstraints"];

    private static readonly string[] CarriedOfDomain = ["clock", "features"];

    private static readonly string[] CarriedOfDevices =
    [
        "autoattachGraphicsDevice", "autoattachInputDevice", "autoattachMemBalloon", "autoattachSerialConsole", "blockMultiQueue", "inputs",
        "logSerialConsole", "networkInterfaceMultiqueue", "rng", "useVirtioTransitional",
    ];

    private static readonly string[] CarriedOfCpu = ["features", "model"];

    private static readonly string[] Topology = ["sockets", "cores", "threads"];

    private readonly List<string> _problems = [];

    private OpenShiftVirtualMachine()
    {
    }

    /// <summary>Fields of <c>create_vm</c>.</summary>
    public JsonObject Fields { get; } = [];

    /// <summary>What is carried over into the VM's <c>spec.template.spec</c>.</summary>
    public JsonObject Carried { get; } = [];

    /// <summary>Why no VM can be made of it, each with its place first.</summary>
    public IReadOnlyList<string> Problems => _problems;

    /// <param name="vm">The VirtualMachine, its parameters put in.</param>
    /// <param name="path">How messages name it.</param>
    /// <param name="labels">Labels that the template gives all its objects.</param>
    /// <param name="imageOf">The image of a DataSource (<c>pvc:NAMESPACE/NAME</c>).</param>
    public static OpenShiftVirtualMachine Read(JsonElement vm, string path, JsonElement labels, Func<NamespacedName, string> imageOf)
    {
        var read = new OpenShiftVirtualMachine();
        var reader = new ManifestReader(vm, path, read._problems);
        foreach (var name in (string[])["apiVersion", "kind", "status"]) reader.Take(name);
        read.ReadMetadata(reader.Section("metadata"), labels);
        read.ReadSpec(reader.Section("spec"), imageOf);
        reader.RefuseTheRest();
        return read;
    }

    private void ReadMetadata(ManifestReader metadata, JsonElement all)
    {
        foreach (var name in (string[])["name", "namespace", "creationTimestamp"]) metadata.Take(name);
        AddMap("labels", all);
        AddMap("labels", metadata.Take("labels"));
        AddMap("annotations", metadata.Take("annotations"));
    }

    private void ReadSpec(ManifestReader spec, Func<NamespacedName, string> imageOf)
    {
        if (spec.Text("runStrategy") is { } strategy) Fields["run_strategy"] = strategy;
        if (spec.Bool("running") is { } running) Fields["run"] = running;
        foreach (var field in (string[])["instancetype", "preference"])
        {
            if (spec.Has(field)) ReadType(spec.Section(field), field);
        }
        var disks = new OpenShiftDisks(Fields, imageOf);
        disks.TakeTemplates(spec.Items("dataVolumeTemplates"));
        var template = spec.Section("template");
        var metadata = template.Section("metadata");
        metadata.Take("creationTimestamp");
        AddMap("labels", metadata.Take("labels"));
        metadata.TakeReservedMap("annotations"); // what KubeVirt's user interfaces note of size and system
        ReadMachine(template.Section("spec"), disks);
    }

    private void ReadMachine(ManifestReader spec, OpenShiftDisks disks)
    {
        foreach (var (name, field) in (ReadOnlySpan<(string, string)>)[("architecture", "architecture"), ("evictionStrategy", "eviction_strategy")])
        {
            if (spec.Text(name) is { } text) Fields[field] = text;
        }
        if (spec.Number("terminationGracePeriodSeconds") is { } seconds) Fields["termination_grace_period_seconds"] = seconds;
        var domain = spec.Section("domain");
        ReadSize(domain);
        ReadFirmware(domain);
        if (domain.Section("machine").Text("type") is { } machine) Fields["machine_type"] = machine;
        var devices = domain.Section("devices");
        disks.Read(devices.Items("disks"), spec.Items("volumes"));
        OpenShiftNetworks.Read(devices, spec.Items("networks"), Fields);
        Carry(spec, CarriedOfSpec, []);
        Carry(domain, CarriedOfDomain, ["domain"]);
        Carry(devices, CarriedOfDevices, ["domain", "devices"]);
    }

    private void ReadSize(ManifestReader domain)
    {
        var (cpu, memory) = (domain.Section("cpu"), domain.Section("memory"));
        Carry(cpu, CarriedOfCpu, ["domain", "cpu"]);
        var resources = domain.Section("resources");
        resources.Section("limits"); // it may be empty
        var requests = resources.Section("requests");
        if (Topology.Any(cpu.Has))
        {
            var vcpus = Topology.Aggregate(1L, (all, name) => Saturating.Multiply(all, Math.Max(1, cpu.Number(name) ?? 1)));
            Fields["cpu"] = vcpus;
            requests.Take("cpu"); // the agent says it of every VM (OVIM_CPU_OVERCOMMIT)
        }
        else if (requests.Take("cpu") is { ValueKind: not JsonValueKind.Undefined } cores)
        {
            Fields["cpu"] = Node(cores);
        }
        var guest = memory.Take("guest");
        var requested = requests.Take("memory");
        if (guest.ValueKind is JsonValueKind.Undefined) guest = requested;
        if (guest.ValueKind is not JsonValueKind.Undefined) Fields["memory"] = Node(guest);
    }

    private void ReadFirmware(ManifestReader domain)
    {
        var bootloader = domain.Section("firmware").Section("bootloader");
        if (bootloader.Has("efi"))
            Fields["firmware"] = bootloader.Section("efi").Bool("secureBoot") is false ? "efi" : "efi-secure"; // KubeVirt's default
        else if (bootloader.Has("bios"))
            Fields["firmware"] = "bios";
        if (bootloader.Has("bios")) bootloader.Section("bios");
    }

    private void ReadType(ManifestReader reference, string field)
    {
        var (kind, name) = (reference.Text("kind"), reference.Text("name"));
        if (name is null) reference.Refuse("name", "missing, expected its name");
        else Fields[field] = string.IsNullOrEmpty(kind) ? name : string.Create(CultureInfo.InvariantCulture, $"{kind.ToLowerInvariant()}/{name}");
    }

    private void Carry(ManifestReader from, string[] names, string[] path)
    {
        foreach (var name in names)
        {
            if (from.Take(name) is not { ValueKind: not JsonValueKind.Undefined } value) continue;
            var to = Carried;
            foreach (var step in path) to = (JsonObject)(to[step] ??= new JsonObject());
            to[name] = Node(value);
        }
    }

    // Others' marks are not the VM's to have: those of KubeVirt's templates, above all.
    private void AddMap(string field, JsonElement map)
    {
        foreach (var (key, value) in CanonicalJson.Members(AsObject(map)))
        {
            if (WellKnownNames.IsReserved(key) || value.ValueKind is JsonValueKind.Null) continue;
            ((JsonObject)(Fields[field] ??= new JsonObject()))[key] = Node(value);
        }
    }

    private static JsonElement AsObject(JsonElement value) => value.ValueKind is JsonValueKind.Object ? value : JsonText.EmptyObject;

    private static JsonNode? Node(JsonElement value) => JsonNode.Parse(CanonicalJson.Of(value), documentOptions: OperationJson.DocumentOptions);
}
