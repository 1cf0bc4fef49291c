using System.Text.Json;
using OvimSpokeAgent.Operations;
using OvimSpokeAgent.Validation;
using OvimSpokeAgent.VirtualMachines;

namespace OvimSpokeAgent.Templates;

/// <summary>What a template needs of the cluster: names alone, so that it can be held beside the template. Pure.</summary>
internal sealed record TemplateNeeds
{
    /// <summary>The disks that are or may be made, and others that name a StorageClass.</summary>
    public IReadOnlyList<NeededDisk> Disks { get; private init; } = [];

    /// <summary>Fields and the networks that they name, <c>NAME</c> or <c>NAMESPACE/NAME</c>.</summary>
    public IReadOnlyList<(string Field, string Name)> Networks { get; private init; } = [];

    /// <summary><c>NAME</c> or <c>KIND/NAME</c>.</summary>
    public string? Instancetype { get; private init; }

    public string? Preference { get; private init; }

    /// <summary>The field for which a disk is imported, cloned or made; null: there is none.</summary>
    public string? NewDisk { get; private init; }

    public string? Architecture { get; private init; }

    public string? EvictionStrategy { get; private init; }

    /// <summary>Whether the guest is given SSH keys on a NoCloud disk.</summary>
    public bool SshKeysOnNoCloud { get; private init; }

    /// <summary>Those of the fields of a <c>create_vm</c>.</summary>
    /// <param name="fields">An object whose fields can be read.</param>
    public static TemplateNeeds Of(JsonElement fields)
    {
        var reader = new PayloadReader(fields);
        var (needed, networks) = (new List<NeededDisk>(), new List<(string, string)>());
        Add(networks, "network_name", reader.OptionalString("network_name"));
        foreach (var name in reader.StringList("networks")) Add(networks, "networks", name);
        var newDisk = NewRoot(reader);
        needed.Add(Disk(reader, null, newDisk is not null));
        if (JsonText.TryGetProperty(fields, "disks", out var disks) && disks.ValueKind is JsonValueKind.Array)
        {
            foreach (var (index, disk) in disks.EnumerateArray().Index().Where(disk => disk.Item.ValueKind is JsonValueKind.Object))
            {
                var its = new PayloadReader(disk);
                var isNew = its.OptionalBool("blank") is true || NewRoot(its) is not null;
                needed.Add(Disk(its, $"disks[{index}]", isNew));
                if (isNew) newDisk ??= "disks";
            }
        }
        var guest = new GuestDataReader(reader, new RequestNotes()).Read();
        return new TemplateNeeds
        {
            Disks = [.. needed.Where(disk => disk.IsNew || disk.StorageClass is not null)],
            Networks = [.. networks.Where(network => network.Item2 is not ("pod" or "default"))],
            Instancetype = reader.OptionalString("instancetype"),
            Preference = reader.OptionalString("preference"),
            NewDisk = newDisk,
            Architecture = reader.OptionalString("architecture"),
            EvictionStrategy = reader.OptionalString("eviction_strategy"),
            SshKeysOnNoCloud = guest.SshKeys.Count > 0 && !guest.IsConfigDrive,
        };
    }

    // What is not made anew has no access mode of its own (docs/operations.md).
    private static NeededDisk Disk(PayloadReader reader, string? place, bool isNew) => new(
        place,
        reader.OptionalString("storage_class"),
        isNew || IsOfANamespace(reader) ? reader.OptionalString("access_mode") : null,
        isNew);

    private static bool IsOfANamespace(PayloadReader reader) =>
        reader.OptionalString("image_url") is { } image && image.StartsWith("pvc:", StringComparison.Ordinal) && image.Contains('/', StringComparison.Ordinal);

    // A container disk without a size is no disk of its own, nor is an existing one that is used as it is; whether that is in the VM's
    // own namespace is seen when the VM is made.
    private static string? NewRoot(PayloadReader reader)
    {
        if (reader.OptionalString("image_url") is not { } image) return null;
        if (image.Contains("://", StringComparison.Ordinal) && !image.StartsWith("docker://", StringComparison.Ordinal)) return "image_url";
        return reader.OptionalQuantity("Gi", "storage", "disk_size", "size") is null ? null : "storage";
    }

    private static void Add(List<(string, string)> to, string field, string? name)
    {
        if (name is not null) to.Add((field, name));
    }
}
