using System.Text.Json.Nodes;

namespace KubernetesSandbox.KubeVirt;

/// <summary>Why virt-api refuses an object: one of the causes in its answer.</summary>
/// <param name="Reason">e.g. <c>FieldValueInvalid</c>.</param>
/// <param name="Field">Path of the field.</param>
/// <param name="Message">What is wrong.</param>
internal sealed record Violation(string Reason, string Field, string Message)
{
    public static Violation Invalid(string field, string message) => new("FieldValueInvalid", field, message);

    public static Violation Required(string field, string message) => new("FieldValueRequired", field, message);
}

/// <summary>
/// What virt-api's webhook refuses in a VM, as far as it is told by KubeVirt's pkg/virt-api/webhooks/validating-webhook/admitters
/// (vms-admitter.go, vmi-create-admitter.go) and may meet an agent: pure. Without the rules of feature gates and live updates.
/// </summary>
internal static class VmRules
{
    private const string Spec = "spec";
    private const string Template = "spec.template.spec";

    private static readonly string[] Strategies = ["Always", "Halted", "Manual", "RerunOnFailure", "Once"];

    /// <param name="vm">The VM as it is to be.</param>
    public static IReadOnlyList<Violation> Of(JsonObject vm)
    {
        if (vm.IsDeleting()) return [];
        if (vm.Map("spec", "template", "spec") is not { } template)
            return [Violation.Required($"{Spec}.template", "missing virtual machine template.")];
        return
        [
            .. VmResourceRules.Of(vm, template, Template),
            .. VmDeviceRules.Of(template, Template),
            .. VmGuestRules.Of(template, Template),
            .. OfVolumeTemplates(vm, template),
            .. OfStrategy(vm),
        ];
    }

    private static IEnumerable<Violation> OfStrategy(JsonObject vm)
    {
        var (running, strategy) = (vm.At("spec", "running"), vm.Text("spec", "runStrategy"));
        if (running is not null && strategy is not null)
            yield return Violation.Invalid($"{Spec}.running", "Running and RunStrategy are mutually exclusive");
        if (running is null && strategy is null)
            yield return Violation.Invalid($"{Spec}.running", "One of Running or RunStrategy must be specified");
        if (strategy is not null && !Strategies.Contains(strategy))
            yield return Violation.Invalid($"{Spec}.runStrategy", $"Invalid RunStrategy ({strategy})");
    }

    private static IEnumerable<Violation> OfVolumeTemplates(JsonObject vm, JsonObject template)
    {
        var used = Disks.ClaimNames(template).ToHashSet();
        foreach (var (index, volume) in vm.Objects("spec", "dataVolumeTemplates").Index())
        {
            var field = $"{Spec}.dataVolumeTemplate[{index}]";
            var name = volume.Text("metadata", "name") ?? "";
            if (name.Length == 0)
                yield return Violation.Required($"{field}.name", $"'name' field must not be empty for DataVolumeTemplate entry {field}.");
            if (!used.Contains(name))
            {
                yield return Violation.Required(
                    field, $"DataVolumeTemplate entry {field} must be referenced in the VMI template's 'volumes' list");
            }
        }
    }
}
