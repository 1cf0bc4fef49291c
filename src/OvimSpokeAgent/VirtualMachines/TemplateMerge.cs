using System.Collections.Frozen;
using System.Text.Json;
using OvimSpokeAgent.Operations;
using OvimSpokeAgent.Validation;

namespace OvimSpokeAgent.VirtualMachines;

/// <summary>
/// Joins the payload of a <c>create_vm</c> with a template, field by field and before it is read: what <c>create_vm</c> learns,
/// templates know at once. The payload wins; of <c>labels</c> and <c>annotations</c> key by key. Pure.
/// </summary>
internal static class TemplateMerge
{
    /// <summary>The field that names the template, and its other name.</summary>
    public static readonly string[] NameFields = ["template_name", "template"];

    /// <summary>What a template says of itself, not of its VMs.</summary>
    private static readonly FrozenSet<string> OwnFields = FrozenSet.Create(
        StringComparer.Ordinal,
        "name", "namespace", "display_name", "description", "os_type", "os_version", "metadata", "template_name", "template");

    private static readonly FrozenSet<string> Maps = FrozenSet.Create(StringComparer.Ordinal, "labels", "annotations");

    /// <summary>
    /// A field of a template gives way where the payload has one of these beside itself: another name of it, or another choice in
    /// the same matter. A login is for the image that it came with, and for no other.
    /// </summary>
    private static readonly FrozenDictionary<string, string[]> GivesWayTo = new Dictionary<string, string[]>
    {
        ["storage"] = ["disk_size"],
        ["disk_size"] = ["storage"],
        ["cpu"] = ["instancetype"],
        ["memory"] = ["instancetype"],
        ["instancetype"] = ["cpu", "memory"],
        ["run"] = ["run_strategy"],
        ["run_strategy"] = ["run"],
        ["secret_name"] = ["image_url"],
        ["cloud_init_type"] = ["cloud_init"],
        ["network_name"] = ["networks"],
    }.ToFrozenDictionary();

    /// <summary>The payload with what the template adds to it.</summary>
    /// <param name="payload">An object.</param>
    /// <param name="template">An object.</param>
    public static MergedPayload Merge(JsonElement payload, JsonElement template)
    {
        var merged = CanonicalJson.Members(payload);
        var given = merged.Where(member => !JsonText.IsEmpty(member.Value)).Select(member => member.Key).ToHashSet();
        var added = new HashSet<string>();
        foreach (var (field, value) in CanonicalJson.Members(template))
        {
            if (OwnFields.Contains(field) || JsonText.IsEmpty(value)) continue;
            if (given.Contains(field))
            {
                if (Maps.Contains(field)) merged[field] = Joined(merged[field], value);
                else if (field == SecretParameters.Field) merged[field] = Joined(value, merged[field]); // what is secret stays so
            }
            else if (!GivesWayTo.TryGetValue(field, out var others) || !others.Any(given.Contains))
            {
                merged[field] = value;
                added.Add(field);
            }
        }
        return new MergedPayload(OperationJson.Parse(CanonicalJson.Of(merged)), added);
    }

    private static JsonElement Joined(JsonElement payload, JsonElement template)
    {
        if (payload.ValueKind is not JsonValueKind.Object || template.ValueKind is not JsonValueKind.Object) return payload;
        var joined = CanonicalJson.Members(template);
        foreach (var (key, value) in CanonicalJson.Members(payload)) joined[key] = value;
        return OperationJson.Parse(CanonicalJson.Of(joined));
    }
}

/// <summary>A payload with what a template added.</summary>
/// <param name="Json">All of it.</param>
/// <param name="Added">The fields that the template added.</param>
internal sealed record MergedPayload(JsonElement Json, IReadOnlySet<string> Added)
{
    /// <summary>What is wrong in it, where it is the template's fault with the template's name before it.</summary>
    /// <param name="errors">What is wrong, each with its field first.</param>
    /// <param name="template">The template's name.</param>
    public string Explain(IEnumerable<string> errors, string template) =>
        string.Join("; ", errors.Select(error => Added.Contains(FieldOf(error)) ? $"template {template}: {error}" : error));

    private static string FieldOf(string error)
    {
        var end = error.AsSpan().IndexOfAny(":.[");
        return end < 0 ? error : error[..end];
    }
}
