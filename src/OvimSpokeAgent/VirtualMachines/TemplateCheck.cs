using System.Text.Json;
using OvimSpokeAgent.Operations;
using OvimSpokeAgent.Validation;

namespace OvimSpokeAgent.VirtualMachines;

/// <summary>Whether a template could be part of a <c>create_vm</c>: what it leaves open is for the payload to say. Pure.</summary>
internal static class TemplateCheck
{
    private const string AnyName = "vm";

    /// <summary>What is wrong with a template, each with its field first.</summary>
    /// <param name="template">An object.</param>
    public static IReadOnlyList<string> Problems(JsonElement template)
    {
        var request = new Dictionary<string, JsonElement>
        {
            ["name"] = JsonText.ToElement(AnyName),
            ["namespace"] = JsonText.ToElement(NamespaceOf(template) ?? AnyName),
        };
        var rest = new Dictionary<string, JsonElement>();
        if (!Has("image_url")) rest["image_url"] = JsonText.ToElement("image");
        if (!Has("instancetype"))
        {
            if (!Has("cpu")) rest["cpu"] = JsonElement.Parse("1"u8);
            if (!Has("memory")) rest["memory"] = JsonElement.Parse("1"u8);
        }
        var payload = OperationJson.Parse(CanonicalJson.Of(request.Concat(rest)));
        var reader = new PayloadReader(TemplateMerge.Merge(payload, template).Json);
        VirtualMachineRequest.Read(reader);
        return reader.Errors;

        bool Has(string field) => JsonText.TryGetProperty(template, field, out var value) && !JsonText.IsEmpty(value);
    }

    // A network of one namespace is for VMs of that namespace. A disk of another is copied.
    private static string? NamespaceOf(JsonElement template)
    {
        foreach (var text in NetworksOf(template))
        {
            var parts = text.Split('/');
            if (parts.Length == 2 && KubernetesNames.IsDnsLabel(parts[0])) return parts[0];
        }
        return null;
    }

    private static IEnumerable<string> NetworksOf(JsonElement template)
    {
        if (TextIn(template, "network_name") is { } network) yield return network;
        if (!JsonText.TryGetProperty(template, "networks", out var networks) || networks.ValueKind is not JsonValueKind.Array) yield break;
        foreach (var item in networks.EnumerateArray())
        {
            if (JsonText.TryGetString(item, out var its)) yield return its;
        }
    }

    private static string? TextIn(JsonElement value, string field) =>
        value.ValueKind is JsonValueKind.Object && JsonText.TryGetProperty(value, field, out var found)
        && JsonText.TryGetString(found, out var text) ? text : null;
}
