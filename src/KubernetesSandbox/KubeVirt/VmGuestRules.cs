using System.Text.Json.Nodes;

namespace KubernetesSandbox.KubeVirt;

/// <summary>The rules for how a guest boots and what it is given at its start: pure.</summary>
internal static class VmGuestRules
{
    private static readonly string[] Evictions = ["LiveMigrate", "LiveMigrateIfPossible", "None", "External"];

    // Those of KubeVirt's VolumeSource.
    private static readonly string[] Sources =
    [
        "hostDisk", "persistentVolumeClaim", "cloudInitNoCloud", "cloudInitConfigDrive", "sysprep", "containerDisk", "ephemeral", "emptyDisk",
        "dataVolume", "configMap", "secret", "downwardAPI", "serviceAccount", "downwardMetrics", "memoryDump",
    ];

    public static IEnumerable<Violation> Of(JsonObject template, string path) =>
    [
        .. OfSecureBoot(template, $"{path}.domain"),
        .. OfBootOrder(template.At("domain", "devices"), $"{path}.domain.devices"),
        .. OfEviction(template, path),
        .. template.Objects("volumes").SelectMany((volume, i) => OfSources(volume, $"{path}.volumes[{i}]")),
        .. template.Objects("accessCredentials").SelectMany((access, i) => OfAccess(access, template, $"{path}.accessCredentials[{i}]")),
        .. template.At("domain", "devices").Objects("disks").SelectMany((disk, i) => OfBus(disk, $"{path}.domain.devices.disks[{i}]")),
    ];

    private static IEnumerable<Violation> OfSecureBoot(JsonObject template, string at)
    {
        if (template.Map("domain", "firmware", "bootloader", "efi") is not { } efi || efi.Flag("secureBoot") is false) yield break;
        if (template.Map("domain", "features", "smm") is { } smm && smm.Flag("enabled") is not false) yield break;
        yield return Violation.Invalid(at, $"{at} has EFI SecureBoot enabled. SecureBoot requires SMM, which is currently disabled.");
    }

    private static IEnumerable<Violation> OfBootOrder(JsonNode? devices, string at)
    {
        var taken = new HashSet<long>();
        foreach (var sort in (string[])["disks", "interfaces"])
        {
            foreach (var (index, device) in devices.Objects(sort).Index())
            {
                if (device.Number("bootOrder") is not { } order) continue;
                var field = $"{at}.{sort}[{index}]";
                if (order < 1) yield return Violation.Invalid($"{field}.bootOrder", $"{field} must have a boot order > 0, if supplied");
                else if (!taken.Add(order))
                    yield return Violation.Invalid($"{field}.bootOrder", $"Boot order for {field}.bootOrder already set for a different device.");
            }
        }
    }

    private static IEnumerable<Violation> OfEviction(JsonObject template, string path)
    {
        if (template.Text("evictionStrategy") is { } strategy && !Evictions.Contains(strategy))
        {
            yield return Violation.Invalid(
                $"{path}.evictionStrategy", $"{path}.evictionStrategy is set with an unrecognized option: {strategy}");
        }
    }

    private static IEnumerable<Violation> OfSources(JsonObject volume, string field)
    {
        if (Sources.Count(source => volume.At(source) is not null) != 1)
            yield return Violation.Invalid(field, $"{field} must have exactly one source type set");
        foreach (var sort in (string[])["cloudInitNoCloud", "cloudInitConfigDrive"])
        {
            if (volume.Map(sort) is not { } data) continue;
            var users = Count(data, "userData", "userDataBase64", "secretRef");
            var networks = Count(data, "networkData", "networkDataBase64", "networkDataSecretRef");
            if (users > 1) yield return Violation.Invalid($"{field}.{sort}", $"{field}.{sort} must have only one userdatasource set.");
            if (networks > 1) yield return Violation.Invalid($"{field}.{sort}", $"{field}.{sort} must have only one networkdata source set.");
            if (users + networks == 0)
            {
                yield return Violation.Invalid(
                    $"{field}.{sort}", $"{field}.{sort} must have at least one userdatasource or one networkdatasource set.");
            }
        }
    }

    private static int Count(JsonObject data, params string[] fields) => fields.Count(field =>
        data.Text(field) is { Length: > 0 } || data.Text(field, "name") is { Length: > 0 });

    private static IEnumerable<Violation> OfAccess(JsonObject access, JsonObject template, string field)
    {
        if (access.Map("sshPublicKey", "propagationMethod") is not { } method) yield break;
        foreach (var (way, source) in ((string, string)[])[("noCloud", "cloudInitNoCloud"), ("configDrive", "cloudInitConfigDrive")])
        {
            if (method.At(way) is null || template.Objects("volumes").Any(volume => volume.At(source) is not null)) continue;
            yield return Violation.Invalid(
                $"{field}.sshPublicKey.propagationMethod",
                $"{field} requires a {way} volume to exist when the {way} propagationMethod is in use.");
        }
    }

    private static IEnumerable<Violation> OfBus(JsonObject disk, string field)
    {
        if (disk.Text("cdrom", "bus") == "virtio")
            yield return Violation.Invalid($"{field}.cdrom.bus", "Bus type virtio is invalid for CD-ROM device");
    }
}
