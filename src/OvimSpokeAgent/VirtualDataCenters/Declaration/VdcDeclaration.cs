using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using OvimSpokeAgent.Operations;

namespace OvimSpokeAgent.VirtualDataCenters;

/// <summary>
/// What is declared for a managed namespace. It is kept on the namespace in the hub's own words, so that reading a
/// payload and reading what was kept is the same code, and an update is a merge of the two.
/// </summary>
internal sealed record VdcDeclaration
{
    private const int MaxNameBytes = 1024;
    private const int MaxDescriptionBytes = 4096;
    private const int MaxGroups = 50;
    private const int MaxMapBytes = 32 << 10;

    /// <summary>The VDC's name; null for a namespace of someone else, for which quota and limits alone are declared.</summary>
    public string? Name { get; init; }

    /// <summary>The namespace of the VDC on the hub.</summary>
    public string? HubNamespace { get; init; }

    public string? Organization { get; init; }

    public string? ZoneId { get; init; }

    public string? DisplayName { get; init; }

    public string? Description { get; init; }

    public QuotaDeclaration Quota { get; init; } = new();

    public LimitDeclaration Limits { get; init; } = new();

    public NetworkDeclaration Network { get; init; } = new();

    public IReadOnlyList<string> AdminGroups { get; init; } = [];

    public IReadOnlyDictionary<string, string> Labels { get; init; } = new Dictionary<string, string>();

    public IReadOnlyDictionary<string, string> Annotations { get; init; } = new Dictionary<string, string>();

    /// <summary>Reads a payload; what is wrong with it is in <paramref name="payload"/> afterwards.</summary>
    /// <param name="payload">The payload of a <c>create_vdc</c> or <c>update_vdc</c>, or what was kept.</param>
    /// <param name="isWhole">Whether it is a whole declaration, so that its fields must fit together.</param>
    public static VdcDeclaration Read(PayloadReader payload, bool isWhole = true)
    {
        var read = new VdcDeclaration
        {
            Name = VdcNames.ReadLabelValue(payload, "vdc_name"),
            HubNamespace = payload.OptionalDnsLabel("vdc_namespace"),
            Organization = VdcNames.ReadLabelValue(payload, "organization"),
            ZoneId = VdcNames.ReadLabelValue(payload, "zone_id"),
            DisplayName = ReadText(payload, "display_name", MaxNameBytes),
            Description = ReadText(payload, "description", MaxDescriptionBytes),
            Quota = QuotaDeclaration.Read(payload),
            Limits = LimitDeclaration.Read(payload),
            Network = NetworkDeclaration.Read(payload, isWhole),
            AdminGroups = VdcNames.ReadGroups(payload, "admin_groups"),
            Labels = payload.Labels(),
            Annotations = payload.Annotations(),
        };
        if (read.AdminGroups.Count > MaxGroups)
            payload.RejectBecause("admin_groups", $"{read.AdminGroups.Count} groups, expected at most {MaxGroups}");
        Check(payload, "labels", read.Labels);
        Check(payload, "annotations", read.Annotations);
        return read;
    }

    /// <summary>Reads what was kept on a namespace; null with the reason where that cannot be read.</summary>
    public static (VdcDeclaration? Declaration, string? Problem) Parse(string text)
    {
        try
        {
            var payload = new PayloadReader(JsonElement.Parse(text));
            var declaration = Read(payload);
            return payload.Errors.Count == 0 ? (declaration, null) : (null, string.Join("; ", payload.Errors));
        }
        catch (JsonException e)
        {
            return (null, e.Message);
        }
    }

    /// <summary>What is kept on the namespace: the same declaration always gives the same text.</summary>
    public string ToText() => ToJson().ToJsonString();

    /// <summary>As <see cref="Read"/> takes it.</summary>
    public JsonObject ToJson()
    {
        var json = new JsonObject();
        Write("vdc_name", Name);
        Write("vdc_namespace", HubNamespace);
        Write("organization", Organization);
        Write("zone_id", ZoneId);
        Write("display_name", DisplayName);
        Write("description", Description);
        if (Quota.ToJson() is { } quota) json["quota"] = quota;
        if (Limits.ToJson() is { } limits) json["limit_range"] = limits;
        Network.WriteTo(json);
        if (AdminGroups.Count > 0) json["admin_groups"] = new JsonArray([.. AdminGroups]);
        WriteMap("labels", Labels);
        WriteMap("annotations", Annotations);
        return json;

        void Write(string field, string? value)
        {
            if (value is not null) json[field] = value;
        }

        void WriteMap(string field, IReadOnlyDictionary<string, string> map)
        {
            if (map.Count == 0) return;
            var entries = map.OrderBy(entry => entry.Key, StringComparer.Ordinal);
            json[field] = new JsonObject(entries.Select(entry => KeyValuePair.Create(entry.Key, (JsonNode?)entry.Value)));
        }
    }

    private static string? ReadText(PayloadReader payload, string field, int maxBytes)
    {
        var text = payload.OptionalString(field);
        if (text is not null && Encoding.UTF8.GetByteCount(text) > maxBytes)
            payload.Reject(field, text, $"at most {maxBytes} bytes");
        return text;
    }

    // All annotations of an object together may have 256 KiB, and these are there twice.
    private static void Check(PayloadReader payload, string field, IReadOnlyDictionary<string, string> map)
    {
        VdcNames.RejectSteeringKeys(payload, field, map);
        var bytes = map.Sum(entry => Encoding.UTF8.GetByteCount(entry.Key) + Encoding.UTF8.GetByteCount(entry.Value));
        if (bytes > MaxMapBytes) payload.RejectBecause(field, $"{bytes} bytes, expected at most {MaxMapBytes}");
    }
}
