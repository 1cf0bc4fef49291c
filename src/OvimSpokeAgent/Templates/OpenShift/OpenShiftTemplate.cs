using System.Text.Json;
using System.Text.Json.Nodes;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Operations;
using OvimSpokeAgent.Validation;
using OvimSpokeAgent.VirtualMachines;

namespace OvimSpokeAgent.Templates;

/// <summary>A Template of OpenShift with values for its parameters: the one VirtualMachine that it is about. Pure.</summary>
internal sealed class OpenShiftTemplate
{
    private const string ObjectsField = "objects";

    private readonly OpenShiftTemplateObject _template;
    private readonly int _place;
    private JsonElement _machine;
    private JsonElement _labels;

    private OpenShiftTemplate(OpenShiftTemplateObject template, int place, ParameterValues values) =>
        (_template, _place, Values) = (template, place, values);

    /// <summary>The values that its parameters have.</summary>
    public ParameterValues Values { get; }

    /// <summary>Whether a Template is about VMs at all: most are not.</summary>
    public static bool HasMachine(OpenShiftTemplateObject template) => (template.Objects ?? []).Any(IsMachine);

    /// <summary>Puts values into a Template.</summary>
    /// <param name="template">The Template.</param>
    /// <param name="given">The payload's <c>parameters</c>: an object.</param>
    /// <param name="vm">The VM's name, for the parameter that stands for it.</param>
    /// <param name="expression">Makes values.</param>
    /// <param name="mayLack">Whether parameters that must be given may be missing: then it is only looked at.</param>
    /// <returns>It, or why there is none.</returns>
    public static (OpenShiftTemplate? Template, string? Problem) Of(
        OpenShiftTemplateObject template, JsonElement given, string vm, ParameterExpression expression, bool mayLack = false)
    {
        var objects = template.Objects ?? [];
        foreach (var (index, item) in objects.Index())
        {
            if (!IsMachine(item)) return (null, $"{ObjectsField}[{index}]: {KindOf(item)} is not made: of a template one VirtualMachine is, and nothing else");
        }
        if (objects.Count != 1) return (null, $"{ObjectsField}: {objects.Count} VirtualMachines, expected one");
        var values = ParameterValues.Of(template.Parameters ?? [], given, NameParameter(objects[0]) is { } name ? (name, vm) : null, expression);
        if (values.Problems.Count > 0) return (null, string.Join("; ", values.Problems));
        if (values.Missing.Count > 0 && !mayLack)
            return (null, string.Join("; ", values.Missing.Select(missing => $"parameters.{missing}: missing, expected a value")));
        var read = new OpenShiftTemplate(template, 0, values);
        if (values.Missing.Count > 0) return (read, null);
        var substitution = new ParameterSubstitution(values);
        var (machine, problem) = substitution.Apply(objects[0]);
        var (labels, other) = substitution.Apply(template.Labels ?? JsonText.EmptyObject);
        if ((problem ?? other) is { } why) return (null, why);
        (read._machine, read._labels) = (machine!.Value, labels!.Value);
        return (read, null);
    }

    /// <summary>The DataSources that its disks come from.</summary>
    public IReadOnlyList<NamespacedName> DataSources()
    {
        var sources = new List<NamespacedName>();
        OpenShiftVirtualMachine.Read(_machine, Path, _labels, name =>
        {
            sources.Add(name);
            return "";
        });
        return [.. sources.Distinct()];
    }

    /// <summary>Fields of <c>create_vm</c> and what is carried over beside them, or why no VM can be made.</summary>
    /// <param name="imageOf">The images of the DataSources.</param>
    public (TemplateContentParts? Parts, string? Problem) Read(Func<NamespacedName, string> imageOf)
    {
        var vm = OpenShiftVirtualMachine.Read(_machine, Path, _labels, imageOf);
        if (vm.Problems.Count > 0) return (null, string.Join("; ", vm.Problems));
        var fields = vm.Fields;
        fields["name"] = _template.Metadata.Name;
        var secrets = new JsonObject();
        foreach (var (name, value) in Values.Secret) secrets[name] = value;
        // Never shown: so what others say of the VM does not show them either.
        if (secrets.Count > 0) fields[SecretParameters.Field] = secrets;
        var parts = new TemplateContentParts(Element(fields), Element(vm.Carried));
        return parts.Content.GetRawText().Length + parts.Carried.GetRawText().Length > Template.MaxBytes
            ? (null, $"with its parameters it is over {Template.MaxBytes >> 10} KiB")
            : (parts, null);
    }

    private string Path => $"{ObjectsField}[{_place}]";

    private static string? NameParameter(JsonElement machine) =>
        JsonText.TryGetProperty(machine, "metadata", out var metadata) && metadata.ValueKind is JsonValueKind.Object
        && JsonText.TryGetProperty(metadata, "name", out var name) && JsonText.TryGetString(name, out var text)
            ? ParameterSubstitution.Only(text)
            : null;

    private static bool IsMachine(JsonElement item) =>
        Text(item, "kind") == "VirtualMachine" && Text(item, "apiVersion")?.StartsWith("kubevirt.io/", StringComparison.Ordinal) is true;

    private static string KindOf(JsonElement item) => Text(item, "kind") is { Length: > 0 } kind ? $"a {JsonText.Shorten(kind)}" : JsonText.Describe(item);

    private static string? Text(JsonElement item, string field) =>
        item.ValueKind is JsonValueKind.Object && JsonText.TryGetProperty(item, field, out var value) && JsonText.TryGetString(value, out var text) ? text : null;

    private static JsonElement Element(JsonObject json) => OperationJson.Parse(System.Text.Encoding.UTF8.GetBytes(json.ToJsonString()));
}

/// <summary>A template as fields, and what it carries over beside them.</summary>
/// <param name="Content">Fields of <c>create_vm</c>.</param>
/// <param name="Carried">Parts of <c>spec.template.spec</c> that no field says.</param>
internal sealed record TemplateContentParts(JsonElement Content, JsonElement Carried);
