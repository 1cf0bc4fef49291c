using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

namespace KubernetesSandbox.KubeVirt;

/// <summary>The VMI that a VM boots: pure.</summary>
internal static class VmiManifest
{
    /// <param name="vm">The VM.</param>
    /// <param name="instancetype">The spec of its instancetype, or <c>{}</c>.</param>
    /// <param name="paused">The guest starts paused.</param>
    public static JsonObject Of(JsonObject vm, JsonObject instancetype, bool paused)
    {
        var metadata = new JsonObject
        {
            ["name"] = vm.Text("metadata", "name"),
            ["namespace"] = vm.Text("metadata", "namespace"),
            ["annotations"] = vm.At("spec", "template", "metadata", "annotations")?.DeepClone() ?? new JsonObject(),
            ["ownerReferences"] = ObjectReading.OwnedBy(vm, Kinds.Vm),
            ["finalizers"] = new JsonArray(KubeVirtNames.ControllerFinalizer, KubeVirtNames.ForegroundFinalizer),
        };
        if (vm.At("spec", "template", "metadata", "labels") is { } labels) metadata["labels"] = labels.DeepClone();
        metadata["annotations"]![KubeVirtNames.GenerationAnnotation] =
            vm.GenerationOf().ToString(CultureInfo.InvariantCulture);
        var spec = SpecOf(vm, instancetype);
        if (paused) spec["startStrategy"] = "Paused";
        return new JsonObject
        {
            ["apiVersion"] = Kinds.Vmi.ApiVersion,
            ["kind"] = Kinds.Vmi.Name,
            ["metadata"] = metadata,
            ["spec"] = spec,
        };
    }

    /// <summary>The VM has another template than the one its VMI was made from.</summary>
    public static bool Differs(JsonObject vm, JsonObject instancetype, JsonObject vmi)
    {
        var (wanted, actual) = (SpecOf(vm, instancetype), vmi.At("spec") as JsonObject ?? []);
        // These change for one boot only: by start paused, and by stop with a grace period.
        return !JsonNode.DeepEquals(
            Without(wanted, "startStrategy", "terminationGracePeriodSeconds"),
            Without(actual, "startStrategy", "terminationGracePeriodSeconds"));
    }

    private static JsonObject SpecOf(JsonObject vm, JsonObject instancetype)
    {
        var spec = (vm.At("spec", "template", "spec") as JsonObject)?.Copy() ?? [];
        var domain = spec.MapAt("domain");
        if (instancetype.Number("cpu", "guest") is { } vcpus)
            domain["cpu"] = new JsonObject { ["sockets"] = vcpus, ["cores"] = 1, ["threads"] = 1 };
        if (instancetype.At("memory", "guest") is { } memory) domain.MapAt("memory")["guest"] = memory.DeepClone();
        // A firmware id that stays the same over reboots, as KubeVirt gives it.
        var firmware = domain.MapAt("firmware");
        firmware["uuid"] ??= IdFrom(vm.UidOf()).ToString();
        if (domain.At("devices", "interfaces") is null && !IsWithoutInterface(domain))
        {
            domain.MapAt("devices")["interfaces"] =
                new JsonArray(new JsonObject { ["name"] = "default", ["masquerade"] = new JsonObject() });
            spec["networks"] ??= new JsonArray(new JsonObject { ["name"] = "default", ["pod"] = new JsonObject() });
        }
        return spec;
    }

    private static bool IsWithoutInterface(JsonObject domain) =>
        domain.At("devices", "autoattachPodInterface") is JsonValue value && value.TryGetValue<bool>(out var flag) && !flag;

    private static JsonObject Without(JsonObject spec, params string[] names)
    {
        var copy = spec.Copy();
        foreach (var name in names) copy.Remove(name);
        return copy;
    }

    private static Guid IdFrom(string text) => new(SHA256.HashData(Encoding.UTF8.GetBytes(text)).AsSpan(0, 16));
}
