using System.Text;
using System.Text.Json;
using OvimSpokeAgent.Operations;
using OvimSpokeAgent.Validation;

namespace OvimSpokeAgent.VirtualMachines;

/// <summary>
/// What a VM was made of, for its creator: the fields that count after template and defaults. What may hold secrets is left out
/// (<see cref="SecretFields"/>). Pure.
/// </summary>
internal static class UsedFields
{
    private static readonly string[] Shown =
    [
        "cpu", "memory", "instancetype", "preference", "image_url", "storage", "disk_size", "storage_class", "access_mode", "disks",
        "network_name", "networks", "firmware", "machine_type", "architecture", "eviction_strategy", "run_strategy", "run",
        "termination_grace_period_seconds", "cloud_init_type", "labels",
    ];

    // Of a disk: any other field is unknown, and whatever it is may be a secret.
    private static readonly string[] ShownOfDisks =
        ["name", "size", "storage", "disk_size", "image_url", "blank", "storage_class", "access_mode", "boot_order"];

    /// <summary>Those of a request; an object.</summary>
    public static JsonElement Of(VirtualMachineRequest request)
    {
        var secrets = SecretParameters.In(request.Payload);
        var used = new SortedDictionary<string, JsonElement>(StringComparer.Ordinal);
        foreach (var field in Shown)
        {
            if (JsonText.TryGetProperty(request.Payload, field, out var value) && !JsonText.IsEmpty(value))
                used.TryAdd(field == "disk_size" ? "storage" : field, Harmless(field == "disks" ? KnownOf(value) : value, secrets));
        }
        if (request.Template is { } template) used["template_name"] = JsonText.ToElement(template);
        if (!used.ContainsKey("run_strategy")) used.TryAdd("run", JsonElement.Parse("true"u8));
        return OperationJson.Parse(CanonicalJson.Of(used));
    }

    private static JsonElement KnownOf(JsonElement disks) => Array(disks.EnumerateArray().Select(disk => OperationJson.Parse(
        CanonicalJson.Of(CanonicalJson.Members(disk).Where(member => ShownOfDisks.Contains(member.Key))))));

    private static JsonElement Array(IEnumerable<JsonElement> items) =>
        OperationJson.Parse(Encoding.UTF8.GetBytes($"[{string.Join(',', items.Select(item => item.GetRawText()))}]"));

    // In the disks, too; the address of an image may have credentials in it, and any text a secret that a template put there.
    private static JsonElement Harmless(JsonElement value, IReadOnlyList<string> secrets)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                return OperationJson.Parse(CanonicalJson.Of(CanonicalJson.Members(value)
                    .Where(member => !SecretFields.Contains(member.Key) && SecretParameters.Hide(member.Key, secrets) == member.Key)
                    .Select(member => KeyValuePair.Create(member.Key, Harmless(member.Value, secrets)))));
            case JsonValueKind.Array:
                return Array(value.EnumerateArray().Select(item => Harmless(item, secrets)));
            case JsonValueKind.String when JsonText.TryGetString(value, out var text):
                return JsonText.ToElement(JsonText.WithoutCredentials(SecretParameters.Hide(text, secrets)));
            default:
                return value;
        }
    }
}
