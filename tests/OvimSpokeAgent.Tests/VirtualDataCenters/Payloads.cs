using System.Text.Json.Nodes;
using CsCheck;

namespace OvimSpokeAgent.Tests.VirtualDataCenters;

/// <summary>Random payloads of <c>create_vdc</c>.</summary>
internal static class Payloads
{
    private static readonly string[] Fields =
    [
        "vdc_name", "organization", "zone_id", "vdc_namespace", "quota", "limit_range", "network_policy", "custom_network_config",
        "admin_groups", "labels", "annotations", "description",
    ];

    private static readonly Gen<string> Name =
        Gen.Select(Gen.Char['a', 'z'], Gen.String[Gen.Char["abcdefghijklmnopqrstuvwxyz0123456789-"], 0, 30], (first, rest) => $"{first}{rest}0");

    private static readonly Gen<string> AnyText = Gen.OneOf(
        Name, Gen.String[0, 80], Gen.String[Gen.Char["abcXYZ019-_./: é"], 0, 90], Gen.Const("system:masters"), Gen.Const(""));

    private static readonly Gen<JsonNode> Cores = Gen.OneOf(
        Gen.Int[1, 1000].Select(n => (JsonNode)n), Gen.Int[1, 100000].Select(n => (JsonNode)$"{n}m"), Gen.Int[1, 64].Select(n => (JsonNode)$"{n}"));

    private static readonly Gen<JsonNode> Bytes = Gen.OneOf(
        Gen.Int[1, 100000].Select(n => (JsonNode)n), Gen.Int[1, 1000].Select(n => (JsonNode)$"{n}Gi"),
        Gen.Int[1, 100000].Select(n => (JsonNode)$"{n}M"), Gen.Long[1, 1L << 50].Select(n => (JsonNode)$"{n}"),
        Gen.Int[1, 90].Select(n => (JsonNode)$"{n}e9"), Gen.Int[1, 99].Select(n => (JsonNode)$"0.{n}Gi"));

    private static readonly Gen<JsonNode?> Anything = Gen.OneOf(
        Gen.Const((JsonNode?)null), Gen.Int.Select(n => (JsonNode?)n), Gen.Double.Where(double.IsFinite).Select(n => (JsonNode?)n),
        Gen.Bool.Select(b => (JsonNode?)b), AnyText.Select(t => (JsonNode?)t), Gen.Const(0).Select(_ => (JsonNode?)new JsonArray(1, "x")),
        Gen.Const(0).Select(_ => (JsonNode?)new JsonObject { ["cpu"] = 1, ["x"] = "y" }));

    private static Gen<JsonObject> Network { get; } = Gen.OneOf(
        Gen.Const(0).Select(_ => new JsonObject()),
        Gen.Const(0).Select(_ => new JsonObject { ["network_policy"] = "isolated" }),
        Gen.Const(0).Select(_ => new JsonObject { ["network_policy"] = "custom" }),
        from type in Gen.OneOf(Gen.Const("isolate"), Gen.Const("allow-all"))
        from flag in Gen.OneOf(Gen.Const(""), Gen.Const("true"), Gen.Const("0"))
        select new JsonObject
        {
            ["network_policy"] = "custom",
            ["custom_network_config"] = new JsonObject
            {
                ["policy_type"] = type,
                ["allow_same_namespace"] = flag,
                ["allow_egress_to_ports"] = flag == "0" ? "443,80" : "",
            },
        },
        from ports in Gen.Int[1, 65535].List[0, 5]
        from namespaces in Name.List[0, 3]
        from deny in Gen.Bool
        select new JsonObject
        {
            ["network_policy"] = "custom",
            ["custom_network_config"] = new JsonObject
            {
                ["allow_egress_to_ports"] = new JsonArray([.. ports]),
                ["allow_ingress_from_namespaces"] = new JsonArray([.. namespaces]),
                ["deny_all_ingress"] = deny,
                ["deny_all_egress"] = true,
            },
        });

    /// <summary>Whole, valid declarations.</summary>
    public static Gen<JsonObject> Valid { get; } =
        from name in Name
        from quota in Section(("cpu", Cores), ("memory", Bytes), ("storage", Bytes), ("vms", Gen.Int[1, 100].Select(n => (JsonNode)n)))
        from limits in Section(("max_cpu", Cores), ("max_memory", Bytes))
        from network in Network
        from groups in Gen.OneOf(Name, Gen.String[Gen.Char["abcXYZ019-_./:@ é"], 1, 60].Select(t => "g" + t + "g")).List[0, 4]
        from labels in Gen.Select(Name, Name).List[0, 3]
        select Compose(name, quota, limits, network, groups, labels);

    /// <summary>Payloads of which any field may be anything.</summary>
    public static Gen<JsonObject> Any { get; } =
        from valid in Valid
        from spoilt in Gen.Select(Gen.Int[0, Fields.Length - 1].Select(index => Fields[index]), Anything).List[1, 4]
        select Spoil(valid, spoilt);

    private static Gen<JsonObject> Section(params (string Field, Gen<JsonNode> Value)[] fields) =>
        from flags in Gen.Bool.Array[fields.Length]
        from values in Gen.Int.Array[0].SelectMany(_ => Sequence(fields.Select(field => field.Value)))
        select new JsonObject(fields.Index().Where(field => flags[field.Index])
            .Select(field => KeyValuePair.Create<string, JsonNode?>(field.Item.Field, values[field.Index].DeepClone())));

    private static Gen<List<JsonNode>> Sequence(IEnumerable<Gen<JsonNode>> gens) => gens.Aggregate(
        Gen.Const(0).Select(_ => new List<JsonNode>()),
        (list, gen) => Gen.Select(list, gen, (items, item) => items.Append(item).ToList()));

    private static JsonObject Compose(
        string name, JsonObject quota, JsonObject limits, JsonObject network, List<string> groups, List<(string, string)> labels)
    {
        var payload = new JsonObject
        {
            ["vdc_name"] = name,
            ["organization"] = "acme",
            ["quota"] = quota.DeepClone(),
            ["limit_range"] = limits.DeepClone(),
            ["admin_groups"] = new JsonArray([.. groups]),
        };
        foreach (var (field, value) in network) payload[field] = value!.DeepClone();
        var map = new JsonObject();
        foreach (var (key, value) in labels) map[key] = value;
        payload["labels"] = map;
        return payload;
    }

    private static JsonObject Spoil(JsonObject valid, List<(string Field, JsonNode? Value)> spoilt)
    {
        var payload = (JsonObject)valid.DeepClone();
        foreach (var (field, value) in spoilt) payload[field] = value?.DeepClone();
        return payload;
    }
}
