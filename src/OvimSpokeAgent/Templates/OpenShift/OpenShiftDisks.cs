using System.Text.Json;
using System.Text.Json.Nodes;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Operations;
using OvimSpokeAgent.Validation;

namespace OvimSpokeAgent.Templates;

/// <summary>
/// Turns the disks of a VirtualMachine, and the DataVolumes that it brings, into fields of <c>create_vm</c>. The disk that the guest
/// boots from first is the root disk.
/// </summary>
/// <param name="fields">Takes them.</param>
/// <param name="imageOf">The image of a DataSource.</param>
internal sealed class OpenShiftDisks(JsonObject fields, Func<NamespacedName, string> imageOf)
{
    private readonly Dictionary<string, ManifestReader> _templates = new(StringComparer.Ordinal);

    /// <summary>Takes the VM's <c>dataVolumeTemplates</c>.</summary>
    public void TakeTemplates(IReadOnlyList<ManifestReader> templates)
    {
        foreach (var template in templates)
        {
            foreach (var name in (string[])["apiVersion", "kind", "status"]) template.Take(name);
            var metadata = template.Section("metadata");
            foreach (var name in (string[])["creationTimestamp", "labels", "namespace"]) metadata.Take(name);
            metadata.TakeReservedMap("annotations"); // when and how CDI fills it
            var its = metadata.Text("name") ?? "";
            if (its.Length == 0 || !_templates.TryAdd(its, template)) metadata.Refuse("name", "missing, or that of another DataVolume");
        }
    }

    /// <summary>Reads the VM's disks with their volumes.</summary>
    public void Read(IReadOnlyList<ManifestReader> devices, IReadOnlyList<ManifestReader> volumes)
    {
        var byName = new Dictionary<string, ManifestReader>(StringComparer.Ordinal);
        foreach (var volume in volumes) byName.TryAdd(volume.Text("name") ?? "", volume);
        var disks = new List<(JsonObject Disk, ManifestReader Device)>();
        foreach (var device in devices)
        {
            var name = device.Text("name") ?? "";
            if (!byName.Remove(name, out var volume)) device.Refuse("name", "there is no volume of this name");
            else if (!TakeGuestData(volume)) disks.Add((Disk(name, device, volume), device));
            else foreach (var kind in (string[])["disk", "cdrom"]) device.Take(kind); // guests find it on either
        }
        foreach (var volume in byName.Values)
        {
            if (!TakeGuestData(volume)) volume.Refuse("", "it is on no disk");
        }
        foreach (var unused in _templates.Values) unused.Refuse("", "no volume names it");
        Put(disks);
    }

    private void Put(List<(JsonObject Disk, ManifestReader Device)> disks)
    {
        if (disks.Count == 0) return;
        var root = disks.Select(one => one.Disk).OrderBy(disk => (int?)disk["boot_order"] ?? int.MaxValue).First();
        if (root["blank"] is not null) disks.Find(one => one.Disk == root).Device.Refuse("", "the disk that the VM boots from is empty");
        var others = disks.Where(one => one.Disk != root).Select(one => (JsonNode)one.Disk).ToList();
        if (others.Count > 0) fields["disks"] = new JsonArray([.. others]);
        foreach (var (name, value) in root.ToList())
        {
            if (name is "name" or "blank") continue;
            root.Remove(name);
            fields[name == "size" ? "storage" : name] = value;
        }
    }

    private JsonObject Disk(string name, ManifestReader device, ManifestReader volume)
    {
        var disk = new JsonObject { ["name"] = name };
        if (device.Number("bootOrder") is { } order) disk["boot_order"] = order;
        if (device.Section("disk").Text("bus") is { } bus && bus != "virtio") device.Refuse("disk.bus", "create_vm makes virtio disks alone");
        if (volume.Has("containerDisk"))
            SetImage(disk, volume.Section("containerDisk").Text("image"));
        else if (volume.Has("persistentVolumeClaim"))
            SetImage(disk, $"pvc:{volume.Section("persistentVolumeClaim").Text("claimName")}");
        else if (volume.Has("dataVolume") && volume.Section("dataVolume").Text("name") is { } dataVolume)
            ReadDataVolume(disk, dataVolume);
        return disk;
    }

    private void ReadDataVolume(JsonObject disk, string name)
    {
        if (!_templates.Remove(name, out var template))
        {
            SetImage(disk, $"pvc:{name}");
            return;
        }
        var spec = template.Section("spec");
        ReadSource(disk, spec);
        var storage = spec.Section(spec.Has("pvc") ? "pvc" : "storage");
        var resources = storage.Section("resources");
        resources.Section("limits"); // it may be empty
        var size = resources.Section("requests").Take("storage");
        if (size.ValueKind is not JsonValueKind.Undefined) disk["size"] = JsonNode.Parse(CanonicalJson.Of(size), documentOptions: OperationJson.DocumentOptions);
        if (storage.Text("storageClassName") is { Length: > 0 } storageClass) disk["storage_class"] = storageClass;
        var modes = storage.Take("accessModes");
        if (modes.ValueKind is JsonValueKind.Undefined) return;
        if (modes.ValueKind is JsonValueKind.Array && modes.GetArrayLength() == 1 && JsonText.TryGetString(modes[0], out var mode)) disk["access_mode"] = mode;
        else storage.Refuse("accessModes", "create_vm takes one of them");
    }

    private void ReadSource(JsonObject disk, ManifestReader spec)
    {
        if (spec.Has("sourceRef"))
        {
            var reference = spec.Section("sourceRef");
            var (kind, ns, name) = (reference.Text("kind"), reference.Text("namespace"), reference.Text("name"));
            if (kind != "DataSource" || string.IsNullOrEmpty(ns) || string.IsNullOrEmpty(name))
                reference.Refuse("", "not the kind, namespace and name of a DataSource");
            else
                SetImage(disk, imageOf(new NamespacedName(ns, name)));
            return;
        }
        var source = spec.Section("source");
        if (source.Has("blank"))
        {
            source.Section("blank");
            disk["blank"] = true;
        }
        else if (source.Has("pvc"))
        {
            var claim = source.Section("pvc");
            var (ns, name) = (claim.Text("namespace"), claim.Text("name"));
            SetImage(disk, string.IsNullOrEmpty(ns) ? $"pvc:{name}" : $"pvc:{ns}/{name}");
        }
        else if (source.Has("http") || source.Has("registry"))
        {
            var import = source.Section(source.Has("http") ? "http" : "registry");
            SetImage(disk, import.Text("url"));
            if (import.Text("secretRef") is { Length: > 0 } secret) disk["secret_name"] = secret;
        }
    }

    private static void SetImage(JsonObject disk, string? image)
    {
        if (image is not null) disk["image_url"] = image;
    }

    // User and network data as they stand in the VM; a Secret's are not the agent's to read.
    private bool TakeGuestData(ManifestReader volume)
    {
        var isConfigDrive = volume.Has("cloudInitConfigDrive");
        if (!isConfigDrive && !volume.Has("cloudInitNoCloud")) return false;
        var data = volume.Section(isConfigDrive ? "cloudInitConfigDrive" : "cloudInitNoCloud");
        if (data.Text("userData") is { } user) fields["cloud_init"] = user;
        if (data.Text("networkData") is { } network) fields["network_data"] = network;
        if (fields.ContainsKey("cloud_init") || fields.ContainsKey("network_data")) fields["cloud_init_type"] = isConfigDrive ? "configdrive" : "nocloud";
        return true;
    }
}
