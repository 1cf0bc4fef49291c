using System.Text.Json.Nodes;
using OvimSpokeAgent.EndToEnd.Tests.Harness;

namespace OvimSpokeAgent.EndToEnd.Tests.VirtualDataCenters;

/// <summary>
/// What no careful user would send: it is refused by the name of its field with nothing made, or it becomes a VDC that is
/// whole.
/// </summary>
public sealed class VdcOddInputTests(Clusters clusters) : IClassFixture<Clusters>
{
    // Each refusal is a warning.
    private static readonly (string Name, string Value) Quiet = ("OVIM_LOG_LEVEL", "error");

    private static readonly string[] Amounts =
    [
        "0.5", "1e-4", "1e-9", "1e-12", "1e30", "-1", "0", "true", "[]", "[4]", "{}", "\"\"", "\" 2\"", "\"2 \"", "\".5\"", "\"5.\"", "\"+2\"",
        "\"1e3\"", "\"1E3\"", "\"100n\"", "\"100u\"", "\"1m\"", "\"1k\"", "\"1K\"", "\"1Ki\"", "\"8E\"", "\"8Ei\"", "\"0x10\"", "\"1_000\"", "\"1,5\"",
        "\"1.5.5\"", "\"NaN\"", "\"∞\"", "\"٣\"", "\"9223372036854775807\"", "\"9223372036854775808\"", "\"0.00000000000000000001\"",
        "\"1.23456789\"", "\"1000000.0000000001\"", "\"99999999999999999999999999999999\"",
    ];

    private static readonly string[] Namespaces =
    [
        "\"UPPER\"", "\"a.b\"", "\"-a\"", "\"a-\"", "\"a_b\"", "\"ä\"", "\"a/b\"", "\"../kube-system\"", "\"\"", "\" \"", "5", "true", "[]", "{}", "null",
        "\"kube-system\"", "\"kube-anything\"", "\"openshift-x\"", "\"default\"", $"\"{new string('a', 64)}\"",
    ];

    private static readonly (string Field, string Value)[] Fields =
    [
        ("vdc_name", "5"), ("vdc_name", "\"two words\""), ("vdc_name", $"\"{new string('x', 64)}\""), ("vdc_name", "[\"a\"]"),
        ("organization", "{}"), ("organization", "\"a/b\""), ("zone_id", "7"), ("zone_id", "\"ü\""), ("vdc_namespace", "\"A\""),
        ("quota", "5"), ("quota", "[]"), ("quota", "\"8\""), ("limit_range", "true"), ("limit_range", "{\"minCpu\":4,\"maxCpu\":2}"),
        ("network_policy", "\"Isolated\""), ("network_policy", "true"), ("network_policy", "\"none\""),
        ("custom_network_config", "{\"deny_all_ingress\":true}"), ("custom_network_config", "{\"denyAllIngress\":true}"),
        ("custom_network_config", "{\"allow_all\":true}"), ("custom_network_config", "[]"), ("custom_network_config", "\"deny\""),
        ("admin_groups", "\"ops\""), ("admin_groups", "[5]"), ("admin_groups", "[null]"), ("admin_groups", "[\"system:masters\"]"),
        ("admin_groups", "[\"SYSTEM:authenticated\"]"), ("admin_groups", "[\"a\\u0000b\"]"), ("admin_groups", "[\"\\tops\"]"),
        ("admin_groups", $"[\"{new string('g', 257)}\"]"), ("labels", "[]"), ("labels", "{\"a\":5}"), ("labels", "{\"a b\":\"c\"}"),
        ("labels", "{\"a\":\"not a label value\"}"), ("labels", "{\"app.kubernetes.io/managed-by\":\"me\"}"),
        ("labels", "{\"kubernetes.io/metadata.name\":\"kube-system\"}"), ("annotations", "{\"ovim.io/created-by\":\"me\"}"),
        ("annotations", "{\"a/b/c\":\"x\"}"), ("labels", "{\"\":\"x\"}"), ("display_name", "5"), ("description", "[]"),
        ("admin_groups", "[\"ops:team/α β\",\"OPS\",\"sha256-x\",\"ops\",\"ops\"]"), ("description", "\"\\u202e\\ud83d\\ude00 </script>\""),
        ("labels", "{\"a\":\"\"}"), ("unknown_field", "{\"deep\":[1,2,3]}"), ("quota", "{\"gpu\":1}"), ("limit_range", "{}"),
    ];

    [Theory, OnSandbox, OnRealApiServer]
    public async Task Odd_amounts_are_refused_by_their_field_or_become_a_whole_vdc(ClusterKind kind)
    {
        await using var world = await VdcWorld.OpenAsync(clusters, kind, Quiet);
        var places = (string[])["quota.cpu", "quota.memory", "quota.storage", "quota.vms", "limit_range.max_cpu", "limit_range.min_memory"];

        await AreRefusedOrWholeAsync(world, places.SelectMany(place => Amounts.Select(amount =>
        {
            var (section, field) = (place.Split('.')[0], place.Split('.')[1]);
            return (Field: place, More: $$$"""{"{{{section}}}":{"{{{field}}}":{{{amount}}} } }""", Namespace: world.NewVdc("odd"));
        })));
    }

    [Theory, OnSandbox, OnRealApiServer]
    public async Task Odd_names_and_types_are_refused_by_their_field_or_become_a_whole_vdc(ClusterKind kind)
    {
        await using var world = await VdcWorld.OpenAsync(clusters, kind, Quiet);

        await AreRefusedOrWholeAsync(world, Fields.Select(odd =>
            (odd.Field, More: $$"""{"{{odd.Field}}":{{odd.Value}} }""", Namespace: world.NewVdc("odd"))));
    }

    [Theory, OnSandbox, OnRealApiServer]
    public async Task Odd_namespaces_are_refused_for_every_operation(ClusterKind kind)
    {
        await using var world = await VdcWorld.OpenAsync(clusters, kind, Quiet);
        var types = (string[])["create_vdc", "update_vdc", "delete_vdc", "create_resource_quota", "create_limit_range"];
        var ids = new List<(string Type, string Value, string Id)>();

        foreach (var type in types)
        {
            var field = type.EndsWith("_vdc", StringComparison.Ordinal) ? "target_namespace" : "namespace";
            foreach (var value in Namespaces)
            {
                var payload = JsonNode.Parse($$$"""
                    {"vdc_name":"odd","cascade":true,"quota":{"cpu":1},"limit_range":{"maxCpu":1000},"{{{field}}}":{{{value}}} }
                    """)!.AsObject();
                ids.Add((type, value, world.Environment.Hub.Queue(world.Agent.Id, type, payload, id: $"op-{Guid.NewGuid():N}")));
            }
        }

        foreach (var (type, value, id) in ids)
        {
            var result = await world.Environment.ResultOfAsync(id);
            var field = type.EndsWith("_vdc", StringComparison.Ordinal) ? "target_namespace" : "namespace";
            Assert.True(
                (string?)result["status"] == "failed" && ((string)result["error"]!).StartsWith(field + ":", StringComparison.Ordinal),
                $"{type} {value}: {result.ToJsonString()}");
        }
    }

    private static async Task AreRefusedOrWholeAsync(
        VdcWorld world, IEnumerable<(string Field, string More, string Namespace)> payloads)
    {
        var queued = payloads.Select(odd => (odd.Field, odd.More, odd.Namespace, Id: world.Queues("create_vdc", odd.Namespace, odd.More))).ToList();
        var made = new List<string>();
        foreach (var (field, more, ns, id) in queued)
        {
            var result = await world.Environment.ResultOfAsync(id);
            if ((string?)result["status"] == "completed")
            {
                made.Add(ns);
                continue;
            }
            Assert.True(((string)result["error"]!).StartsWith(field, StringComparison.Ordinal), $"{more}: {result.ToJsonString()}");
            Assert.Null(await world.Admin.FindAsync($"api/v1/namespaces/{ns}"));
        }
        Assert.InRange(made.Count, 1, queued.Count - 1);
        foreach (var ns in made) await world.ReportsVdcAsync(ns, status => (string?)status["status"] == "Active");
    }
}
