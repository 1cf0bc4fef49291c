using System.Text.Json.Nodes;
using OvimSpokeAgent.Operations;

namespace OvimSpokeAgent.VirtualMachines;

/// <summary>Turns a request's disks into KubeVirt's disks and volumes, and into CDI's DataVolumes. Pure.</summary>
internal static class DiskManifests
{
    /// <summary>The devices, as the guest sees them.</summary>
    public static IEnumerable<JsonNode> Devices(VirtualMachineRequest request) => request.Disks.Select(disk =>
    {
        var device = Device(disk.Name);
        if (disk.BootOrder is { } order) device["bootOrder"] = order;
        return device;
    });

    /// <summary>A disk as virtual machines have them.</summary>
    public static JsonObject Device(string name) => new() { ["name"] = name, ["disk"] = new JsonObject { ["bus"] = "virtio" } };

    /// <summary>Where the devices' content is.</summary>
    public static IEnumerable<JsonNode> Volumes(VirtualMachineRequest request, OperationKey key) =>
        request.Disks.Select((disk, index) => disk.Source switch
        {
            DiskSource.Container container => Volume(disk, "containerDisk", "image", container.Image),
            DiskSource.Claim claim => Volume(disk, "persistentVolumeClaim", "claimName", claim.Name),
            DiskSource.Volume volume => Volume(disk, "dataVolume", "name", volume.Name),
            // KubeVirt waits for a DataVolume that is being filled; for a claim it would not.
            _ => Volume(disk, "dataVolume", "name", OwnedNames.DataVolume(request, index, key)),
        });

    /// <summary>
    /// <c>spec.dataVolumeTemplates</c>: KubeVirt makes a DataVolume of each, and deletes it with the VM. The size is in
    /// <c>storage</c>, not in <c>pvc</c>: so CDI adds what the file system on the volume takes.
    /// </summary>
    public static IEnumerable<JsonNode> DataVolumeTemplates(VirtualMachineRequest request, OperationKey key)
    {
        foreach (var (index, disk) in request.Disks.Index())
        {
            if (!disk.IsNew) continue;
            var metadata = OwnedMetadata.OfPart(request, OwnedNames.DataVolume(request, index, key), key);
            yield return new JsonObject
            {
                ["metadata"] = metadata,
                ["spec"] = new JsonObject { ["source"] = Source(disk, request.Machine.Architecture), ["storage"] = Storage(disk) },
            };
        }
    }

    private static JsonObject Volume(DiskRequest disk, string kind, string field, string value) =>
        new() { ["name"] = disk.Name, [kind] = new JsonObject { [field] = value } };

    private static JsonObject Source(DiskRequest disk, string? architecture)
    {
        switch (disk.Source)
        {
            case DiskSource.Copy clone:
                return new() { ["pvc"] = new JsonObject { ["namespace"] = clone.Namespace, ["name"] = clone.Name } };
            case DiskSource.Import import:
                var source = new JsonObject { ["url"] = import.Url };
                if (disk.SecretName is { } secret) source["secretRef"] = secret;
                if (!import.IsFromRegistry) return new() { ["http"] = source };
                // Of an image for several the importer would take that of its own node.
                if (architecture is not null) source["platform"] = new JsonObject { ["architecture"] = architecture };
                return new() { ["registry"] = source };
            default:
                return new() { ["blank"] = new JsonObject() };
        }
    }

    private static JsonObject Storage(DiskRequest disk)
    {
        var storage = new JsonObject();
        if (disk.Size is { } size)
            storage["resources"] = new JsonObject { ["requests"] = new JsonObject { ["storage"] = size.Text } };
        if (disk.StorageClass is { } storageClass) storage["storageClassName"] = storageClass;
        if (disk.AccessMode is { } mode) storage["accessModes"] = new JsonArray(mode);
        return storage;
    }
}
