using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace KubernetesSandbox.KubeVirt;

/// <summary>The rules for a VM's disks, volumes, interfaces and networks: pure.</summary>
internal static partial class VmDeviceRules
{
    private const int CloudInitLimit = 2048;
    private const int SerialLimit = 256;

    private static readonly (string Field, string Name)[] InlineData = [("userData", "UserData"), ("networkData", "NetworkData")];

    public static IEnumerable<Violation> Of(JsonObject template, string path)
    {
        var devices = template.At("domain", "devices");
        var at = $"{path}.domain.devices";
        var volumes = NamesOf(template.Objects("volumes"));
        var attached = NamesOf(devices.Objects("disks").Concat(devices.Objects("filesystems")));
        var networks = NamesOf(template.Objects("networks"));
        var interfaces = NamesOf(devices.Objects("interfaces"));
        return
        [
            // A CD drive may be empty.
            .. Missing(devices.Objects("disks"), disk => disk.At("cdrom") is null, volumes, $"{at}.disks"),
            .. Missing(template.Objects("volumes"), volume => volume.At("memoryDump") is null, attached, $"{path}.domain.volumes"),
            .. Missing(devices.Objects("interfaces"), _ => true, networks, $"{at}.interfaces"),
            .. Missing(template.Objects("networks"), _ => true, interfaces, $"{path}.networks"),
            .. Twice(template.Objects("volumes"), $"{path}.volumes"),
            .. Twice(devices.Objects("disks"), $"{at}.disks"),
            .. devices.Objects("disks").SelectMany((disk, i) => OfSerial(disk, $"{at}.disks[{i}].serial")),
            .. template.Objects("volumes").SelectMany((volume, i) => OfCloudInit(volume, $"{path}.volumes[{i}]")),
        ];
    }

    private static HashSet<string?> NamesOf(IEnumerable<JsonObject> items) => [.. items.Select(item => item.Text("name"))];

    private static IEnumerable<Violation> Missing(
        IEnumerable<JsonObject> items, Func<JsonObject, bool> isMeant, HashSet<string?> others, string field) => items.Index()
        .Where(one => isMeant(one.Item) && !others.Contains(one.Item.Text("name")))
        .Select(one => Violation.Invalid($"{field}[{one.Index}].name", $"{field}[{one.Index}].name '{one.Item.Text("name")}' not found."));

    private static IEnumerable<Violation> Twice(IEnumerable<JsonObject> items, string field)
    {
        var first = new Dictionary<string, int>();
        foreach (var (index, item) in items.Index())
        {
            if (item.Text("name") is not { } name || first.TryAdd(name, index)) continue;
            yield return Violation.Invalid(
                $"{field}[{index}].name", $"{field}[{first[name]}] and {field}[{index}] must not have the same Name.");
        }
    }

    private static IEnumerable<Violation> OfSerial(JsonObject disk, string field)
    {
        if (disk.Text("serial") is not { } serial) yield break;
        if (serial.Length > SerialLimit)
            yield return Violation.Invalid(field, $"{field} must be less than or equal to {SerialLimit} in length, if specified");
        else if (!SerialRegex().IsMatch(serial))
            yield return Violation.Invalid(field, $"{field} must be made up of the following characters [A-Za-z0-9_.+-], if specified");
    }

    private static IEnumerable<Violation> OfCloudInit(JsonObject volume, string field)
    {
        foreach (var sort in (string[])["cloudInitNoCloud", "cloudInitConfigDrive"])
        {
            foreach (var (data, name) in InlineData)
            {
                if (SizeOf(volume, sort, data) <= CloudInitLimit) continue;
                yield return Violation.Invalid(
                    $"{field}.{sort}.{data}",
                    $"{field}.{sort} {data.ToLowerInvariant()} exceeds {CloudInitLimit} byte limit. Should use {name}SecretRef for larger data.");
            }
        }
    }

    private static int SizeOf(JsonObject volume, string sort, string data) =>
        volume.Text(sort, data) is { } text ? Encoding.UTF8.GetByteCount(text)
            : volume.Text(sort, $"{data}Base64") is { } encoded ? encoded.TrimEnd('=').Length * 3 / 4
            : 0;

    [GeneratedRegex(@"^[A-Za-z0-9_.+-]+$")]
    private static partial Regex SerialRegex();
}
