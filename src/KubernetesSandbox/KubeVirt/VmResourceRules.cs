using System.Text.Json.Nodes;

namespace KubernetesSandbox.KubeVirt;

/// <summary>The rules for a VM's processors and memory, and for what an instancetype says of them: pure.</summary>
internal static class VmResourceRules
{
    // What an instancetype sets, the VM must not.
    private static readonly string[][] OfInstancetypes =
    [
        ["cpu", "sockets"], ["cpu", "cores"], ["cpu", "threads"], ["memory", "guest"],
        ["resources", "requests", "cpu"], ["resources", "limits", "cpu"],
        ["resources", "requests", "memory"], ["resources", "limits", "memory"],
    ];

    private static readonly string[] Resources = ["memory", "cpu"];

    // Those of x86-64, of arm64 and of s390x.
    private static readonly string[] MachineTypes = ["q35", "pc-q35", "virt", "s390-ccw-virtio"];

    public static IEnumerable<Violation> Of(JsonObject vm, JsonObject template, string path)
    {
        var (domain, at) = (template["domain"], $"{path}.domain");
        IEnumerable<Violation> ofSizes = vm.Text("spec", "instancetype", "name") is null
            ? OfLimits(domain, at)
            : OfInstancetypes.Where(field => domain.At(field) is not null).Select(field =>
                Violation.Invalid($"{at}.{string.Join('.', field)}", $"VM field {at}.{string.Join('.', field)} conflicts with selected instance type"));
        return ofSizes.Concat(OfMachine(domain, at));
    }

    private static IEnumerable<Violation> OfLimits(JsonNode? domain, string at)
    {
        foreach (var resource in Resources)
        {
            var (request, limit) = (domain.At("resources", "requests", resource), domain.At("resources", "limits", resource));
            if (!IsGreater(request, limit)) continue;
            var field = $"{at}.resources.requests.{resource}";
            yield return Violation.Invalid(field, $"{field} '{request}' is greater than {at}.resources.limits.{resource} '{limit}'");
        }
        var (guest, most) = (domain.At("memory", "guest"), domain.At("resources", "limits", "memory"));
        if (IsGreater(guest, most))
        {
            yield return Violation.Invalid(
                $"{at}.memory.guest",
                $"{at}.memory.guest '{guest}' must be equal to or less than the memory limit {at}.resources.limits.memory '{most}'");
        }
    }

    private static IEnumerable<Violation> OfMachine(JsonNode? domain, string at)
    {
        if (domain.Text("machine", "type") is not { Length: > 0 } type) yield break;
        if (MachineTypes.Any(known => type == known || type.StartsWith($"{known}-", StringComparison.Ordinal))) yield break;
        yield return Violation.Invalid(
            $"{at}.machine.type",
            $"{at}.machine.type is not supported: {type} (allowed values: [{string.Join(' ', MachineTypes.Select(known => known + "*"))}])");
    }

    // What is no quantity the kind's schema refuses.
    private static bool IsGreater(JsonNode? value, JsonNode? limit) =>
        value is not null && limit is not null
        && QuantityText.Parse(value.ToString()) is { } amount && QuantityText.Parse(limit.ToString()) is { } most
        && amount.Billionths > most.Billionths;
}
