using System.Text;
using System.Text.Json;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Operations;
using OvimSpokeAgent.Validation;

namespace OvimSpokeAgent.VirtualMachines;

/// <summary>A valid <c>create_vm</c>.</summary>
internal sealed record VirtualMachineRequest
{
    /// <summary>KubeVirt takes no more inline user data (its webhook refuses it); beyond it goes into a Secret.</summary>
    public const int MaxInlineUserDataBytes = 2048;

    private const string ImageRule =
        "a container disk (\"registry/image:tag\", the image in lower case) or an existing disk (\"pvc:NAME\")";
    private const int MaxUserDataBytes = 256 << 10;
    private const int MaxVcpus = 512;

    public required NamespacedName Name { get; init; }

    public required RootDisk Root { get; init; }

    /// <summary>vCPUs; null with an instancetype.</summary>
    public int? Vcpus { get; init; }

    /// <summary>Guest memory; null with an instancetype.</summary>
    public Quantity? Memory { get; init; }

    public TypeReference? Instancetype { get; init; }

    public TypeReference? Preference { get; init; }

    public string? UserData { get; init; }

    public IReadOnlyList<string> SshKeys { get; init; } = [];

    public required IReadOnlyDictionary<string, string> Labels { get; init; }

    public required IReadOnlyDictionary<string, string> Annotations { get; init; }

    /// <summary>A NetworkAttachmentDefinition of the VM's namespace, beside the pod network; null: the pod network alone.</summary>
    public string? Network { get; init; }

    public bool Run { get; init; } = true;

    /// <summary>All that was asked for, a template's share included.</summary>
    public JsonElement Payload { get; init; } = JsonText.EmptyObject;

    /// <summary>The template that it is made from; null: from none.</summary>
    public string? Template { get; init; }

    /// <summary>Fields that have no effect, each with the reason.</summary>
    public IReadOnlyList<string> IgnoredFields { get; init; } = [];

    /// <summary>Whether the user data is too long to stand in the VM itself.</summary>
    public bool UserDataNeedsSecret => UserData is not null && Encoding.UTF8.GetByteCount(UserData) > MaxInlineUserDataBytes;

    /// <summary>Whether the VM refers to Secrets that are made with it.</summary>
    public bool NeedsSecrets => UserDataNeedsSecret || SshKeys.Count > 0;

    /// <summary>Reads a payload; what is wrong with it is in <paramref name="payload"/> afterwards.</summary>
    public static VirtualMachineRequest Read(PayloadReader payload)
    {
        var name = payload.RequiredNewNamespacedName();
        var instancetype = ReadType(
            payload, "instancetype", TypeReference.Instancetype, TypeReference.ClusterInstancetype);
        var ignored = new List<string>();
        var storage = payload.OptionalQuantity("Gi", "storage", "disk_size");
        if (storage is not null)
            ignored.Add($"storage ({storage}): the root disk is given by image_url and keeps its own size");
        return new VirtualMachineRequest
        {
            Name = name,
            Root = ReadRoot(payload, name),
            Vcpus = ReadVcpus(payload, instancetype),
            Memory = ReadMemory(payload, instancetype),
            Instancetype = instancetype,
            Preference = ReadType(payload, "preference", "virtualmachinepreference", "virtualmachineclusterpreference"),
            UserData = ReadUserData(payload),
            SshKeys = ReadSshKeys(payload),
            Labels = payload.Labels(),
            Annotations = payload.Annotations(),
            Network = ReadNetwork(payload, name),
            Run = payload.OptionalBool("run") ?? true,
            Payload = payload.Json,
            IgnoredFields = ignored,
        };
    }

    private static RootDisk ReadRoot(PayloadReader payload, NamespacedName name)
    {
        var image = payload.OptionalString("image_url");
        if (image is null)
        {
            if (!payload.IsRejected("image_url", "template_name", "template")) payload.RejectMissing("image_url", ImageRule);
            return new RootDisk.Container("");
        }
        if (image.StartsWith("pvc:", StringComparison.Ordinal)) return ReadClaim(payload, image, name);
        var reference = image.StartsWith("docker://", StringComparison.Ordinal) ? image["docker://".Length..] : image;
        if (!ImageReference.IsValid(reference)) payload.Reject("image_url", image, ImageRule);
        return new RootDisk.Container(reference);
    }

    private static RootDisk.Claim ReadClaim(PayloadReader payload, string image, NamespacedName name)
    {
        var parts = image["pvc:".Length..].Split('/');
        var claim = parts[^1];
        if (parts.Length > 2 || !KubernetesNames.IsDnsSubdomain(claim))
            payload.Reject("image_url", image, "\"pvc:NAME\" of a PersistentVolumeClaim");
        else if (parts.Length == 2 && parts[0] != name.Namespace)
            payload.Reject("image_url", image, $"a disk in the VM's own namespace, \"pvc:{name.Namespace}/NAME\": disks of others are not for it");
        return new RootDisk.Claim(claim);
    }

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

    private static string? ReadUserData(PayloadReader payload)
    {
        var data = payload.OptionalString("cloud_init");
        if (data is not null && Encoding.UTF8.GetByteCount(data) > MaxUserDataBytes)
            payload.Reject("cloud_init", data, $"at most {MaxUserDataBytes >> 10} KiB of user data");
        return data;
    }

    private static IReadOnlyList<string> ReadSshKeys(PayloadReader payload)
    {
        IReadOnlyList<string> keys = [.. payload.StringList("ssh_keys").Select(key => key.Trim())];
        foreach (var (index, key) in keys.Index())
        {
            if (key.Split(' ', 3) is not [{ Length: > 0 }, { Length: > 0 }, ..] || key.Any(char.IsControl))
                payload.Reject($"ssh_keys[{index}]", key, "a public key in one line, such as \"ssh-ed25519 AAAA… name\"");
        }
        return keys;
    }

    private static string? ReadNetwork(PayloadReader payload, NamespacedName name)
    {
        if (payload.OptionalString("network_name") is not { } network || network is "default" or "pod") return null;
        var parts = network.Split('/');
        if (parts.Length > 2 || !KubernetesNames.IsShortDnsSubdomain(parts[^1]))
            payload.Reject("network_name", network, "the name of a NetworkAttachmentDefinition, or \"default\"");
        else if (parts.Length == 2 && parts[0] != name.Namespace)
            payload.Reject("network_name", network, $"a network of the VM's own namespace, \"{name.Namespace}/NAME\"");
        return parts[^1];
    }
}
