using System.Text.Json;
using System.Text.Json.Nodes;
using OvimSpokeAgent.Validation;

namespace OvimSpokeAgent.VirtualDataCenters;

/// <summary>
/// Merges the payload of an <c>update_vdc</c> into what is declared: what is absent or empty stays, <c>null</c> removes,
/// objects are merged field by field. An empty <c>network_policy</c> is no options either: hubs that send all their fields
/// must not open a VDC by it. Pure.
/// </summary>
internal static class DeclarationMerge
{
    // Which VDC it is does not change, nor whose.
    private static readonly string[] Fields =
    [
        "vdc_namespace", "zone_id", "display_name", "description", "quota", "limit_range", NetworkDeclaration.PolicyField,
        NetworkDeclaration.CustomField, "admin_groups", "labels", "annotations",
    ];

    public static JsonElement Merge(VdcDeclaration declared, JsonElement payload)
    {
        var merged = declared.ToJson();
        foreach (var field in Fields)
        {
            if (JsonText.TryGetProperty(payload, field, out var value)) MergeField(merged, field, value);
        }
        if (declared.Organization is null && JsonText.TryGetProperty(payload, "organization", out var organization))
            MergeField(merged, "organization", organization);
        // The rules of a VDC that is not "custom" any more go with it.
        if ((string?)merged[NetworkDeclaration.PolicyField] != "custom"
            && (!JsonText.TryGetProperty(payload, NetworkDeclaration.CustomField, out var custom) || JsonText.IsEmpty(custom)))
        {
            merged.Remove(NetworkDeclaration.CustomField);
        }
        return JsonElement.Parse(merged.ToJsonString());
    }

    /// <summary>
    /// Replaces the fields of one object, <c>quota</c> or <c>limit_range</c>, that are given; the limits as in the hub's own
    /// resource (<see cref="LimitDeclaration.Read"/>).
    /// </summary>
    public static JsonElement MergeOne(VdcDeclaration declared, string field, JsonElement payload)
    {
        var merged = declared.ToJson();
        if (JsonText.TryGetProperty(payload, field, out var value)) MergeField(merged, field, value, isHubResource: true);
        return JsonElement.Parse(merged.ToJsonString());
    }

    private static void MergeField(JsonObject into, string field, JsonElement value, bool isHubResource = false)
    {
        if (value.ValueKind is JsonValueKind.Null)
        {
            into.Remove(field);
            return;
        }
        if (JsonText.IsEmpty(value)) return;
        if (value.ValueKind is not JsonValueKind.Object)
        {
            into[field] = JsonNode.Parse(value.GetRawText());
            return;
        }
        // What a bare number means depends on where it was given: what is kept are quantities.
        if (field == "limit_range") value = LimitDeclaration.ToChange(value, isHubResource);
        if (into[field] is not JsonObject inner) into[field] = inner = [];
        var isMap = field is "labels" or "annotations"; // in which an empty text is a value
        foreach (var property in value.EnumerateObject())
        {
            var name = JsonText.NameOf(property);
            if (field == "quota" && !QuotaDeclaration.Fields.Contains(name)) continue; // nobody checked what it holds
            if (property.Value.ValueKind is JsonValueKind.Null) inner.Remove(name);
            else if (isMap || !JsonText.IsEmpty(property.Value)) inner[name] = JsonNode.Parse(property.Value.GetRawText());
        }
    }
}
