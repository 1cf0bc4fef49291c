using System.Text.Json.Nodes;
using KubernetesSandbox;

namespace OvimSpokeAgent.Sandbox.Hub;

/// <summary>The payloads of VDC work, as each hub makes them.</summary>
internal static class VdcPayload
{
    private static readonly string[] OfEveryOperation =
        ["vdc_name", "vdc_namespace", "target_namespace", "organization", "zone_id"];

    /// <summary>What the hub declares for a VDC that someone asks for.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="asked">What was asked for; fields of <c>create_vdc</c> are taken as they are.</param>
    public static JsonObject Declare(string name, JsonObject asked)
    {
        var declared = asked.Copy();
        declared.Remove("name");
        declared["vdc_name"] = name;
        declared["organization"] ??= "sandbox";
        declared["vdc_namespace"] ??= $"org-{declared["organization"]}";
        declared["target_namespace"] ??= $"vdc-{declared["organization"]}-{name}";
        declared["display_name"] ??= name;
        return declared;
    }

    public static JsonObject ToCreate(HubVdc vdc, HubKind kind)
    {
        var payload = vdc.Declared.Copy();
        var network = payload.Map("custom_network_config");
        payload.Remove("custom_network_config");
        // Today's hub never sends it; the other one sends a map of texts.
        if (kind is HubKind.Active && network is not null) payload["custom_network_config"] = InTexts(network);
        return payload;
    }

    /// <param name="vdc">The VDC.</param>
    /// <param name="kind">Who sends it.</param>
    /// <param name="vmCount">How many VMs the hub's database knows in there.</param>
    public static JsonObject ToDelete(HubVdc vdc, HubKind kind, int vmCount)
    {
        var payload = new JsonObject();
        foreach (var field in OfEveryOperation) payload[field] = vdc.Declared[field]?.DeepClone();
        if (kind is HubKind.Today)
        {
            payload["vm_count"] = vmCount;
            return payload;
        }
        payload.Remove("organization");
        payload.Remove("zone_id");
        payload["cascade"] = true;
        return payload;
    }

    private static JsonObject InTexts(JsonObject map) => new(map.Select(pair => KeyValuePair.Create(
        pair.Key, (JsonNode?)(pair.Value is JsonArray list ? string.Join(',', list) : pair.Value?.ToString()))));
}
