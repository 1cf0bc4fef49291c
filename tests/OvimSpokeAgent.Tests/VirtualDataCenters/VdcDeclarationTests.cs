using System.Text.Json;
using CsCheck;
using OvimSpokeAgent.Operations;
using OvimSpokeAgent.VirtualDataCenters;

namespace OvimSpokeAgent.Tests.VirtualDataCenters;

public sealed class VdcDeclarationTests
{
    private const string Whole =
        """
        {"vdc_name":"dev","vdc_namespace":"hub","organization":"acme","zone_id":"z","display_name":"D","description":"d","quota":{"cpu":"4","memory":"8Gi","storage":"1Ti","vms":5},
         "limit_range":{"min_cpu":"1","max_memory":"4Gi"},"network_policy":"custom","custom_network_config":{"allow_ingress_from_namespaces":["a"],"allow_egress_to_ports":[443],
         "deny_all_ingress":false},"admin_groups":["g"],"labels":{"a":"b"},"annotations":{"c":"d"}}
        """;

    private static readonly string[] OddValues =
    [
        "null", "true", "0", "-1", "1e400", "-1e400", "1e-400", "1e28", "79228162514264337593543950336", "0.00000000000000000000000000000001", "1e999999999",
        "\"\"", "\"\\ud800\"", "\"\\udc00x\"", "\"1e999999999\"", "\"-1Gi\"", "\"\\u0000\"", "\"9999999999999999999999999999999999999999999999999999Ei\"", "[]", "{}",
        "[null]", "[\"\\ud800\"]", "[[[[1]]]]", "[1e400]", "{\"\\ud800\":\"x\"}", "{\"a\":\"\\ud800\"}", "{\"a\":1,\"a\":{}}", "{\"cpu\":1e400,\"memory\":\"\\ud800\",\"vms\":1e9}",
        "{\"min_cpu\":1e28,\"max_cpu\":1e-28,\"minMemory\":\"\\ud800\"}", "{\"deny_all_ingress\":\"\\ud800\",\"allow_egress_to_ports\":\"1,\\ud800\",\"\\ud800\":1}",
        "{\"allow_egress_to_ports\":[1e400,\"\\ud800\"],\"allow_ingress_from_namespaces\":\"[[[\"}", "\"custom\"",
    ];

    // An annotation that anyone who may write namespaces wrote.
    [Fact]
    public void No_text_is_so_odd_that_reading_it_fails_by_more_than_a_reason()
    {
        var fields = JsonElement.Parse(Whole).EnumerateObject().ToDictionary(field => field.Name, field => field.Value.GetRawText());
        foreach (var field in fields.Keys.Append("unknown").Append("\\ud800"))
        {
            foreach (var value in OddValues.Concat(OddValues.Select(value => $"{{\"x\":{value}}}")).Concat(OddValues.Select(value => $"[{value}]")))
            {
                var text = $"{{{string.Join(',', fields.Where(other => other.Key != field).Append(new(field, value)).Select(entry => $"\"{entry.Key}\":{entry.Value}"))}}}";
                var (declaration, problem) = VdcDeclaration.Parse(text);
                Assert.True(declaration is null != problem is null, text);
                if (declaration is not null) Assert.Equal(declaration.ToText(), VdcDeclaration.Parse(declaration.ToText()).Declaration!.ToText());
            }
        }
        foreach (var text in OddValues.Append("").Append("nonsense").Append(new string('[', 1000)).Append("{\"quota\":" + new string('[', 60) + new string(']', 60) + "}"))
            Assert.True(VdcDeclaration.Parse(text) is ({ }, null) or (null, { Length: > 0 }), text);
    }

    // A hub's list of mistakes is as long as it likes; what is told of it is not.
    [Fact]
    public void Of_many_mistakes_the_first_are_told()
    {
        var (groups, odd) = (string.Join(',', Enumerable.Repeat('1', 100_000)), string.Join(',', Enumerable.Range(0, 10_000).Select(i => $"\"odd-{i}\":1")));
        var payload = new PayloadReader(JsonElement.Parse(
            """{"vdc_name":7,"admin_groups":[""" + groups + """],"custom_network_config":{""" + odd + "}}"));

        VdcDeclaration.Read(payload);

        Assert.Equal(21, payload.Errors.Count);
        Assert.Equal("vdc_name: 7 is not a string", payload.Errors[0]);
        Assert.Equal("and more that is not told", payload.Errors[^1]);
    }

    [Fact]
    public void Anything_that_stands_in_the_place_of_a_declaration_is_read_or_has_a_reason() =>
        Gen.Select(Gen.Int[0, Whole.Length - 1], Gen.Int[0, 40], Gen.OneOf("", "null", "{}", "[]", "7", "-1e400", "\"\\ud800\"", "\"\u0000\"", "}", "x", "\"" + new string('x', 5000) + "\""))
            .Sample((at, length, put) =>
            {
                var text = Whole[..at] + put + Whole[Math.Min(Whole.Length, at + length)..];
                var (declaration, problem) = VdcDeclaration.Parse(text);
                Assert.True(declaration is null != problem is null, text);
            });

    [Theory]
    [InlineData("""{"quota":{"cpu":20,"memory":64,"storage":500,"vms":10}}""", "20", "64Gi", "500Gi", 10)]
    [InlineData("""{"quota":{"cpu":"20","memory":"64Gi","storage":"1Ti"}}""", "20", "64Gi", "1Ti", null)]
    [InlineData("""{"quota":{"cpu":1.5,"memory":"512Mi"}}""", "1.5", "512Mi", null, null)]
    [InlineData("""{"quota":{}}""", null, null, null, null)]
    [InlineData("""{"quota":null}""", null, null, null, null)]
    public void Quota_takes_numbers_and_quantities(string payload, string? cpu, string? memory, string? storage, int? vms)
    {
        var quota = Declared.Parse(payload).Quota;

        Assert.Equal((cpu, memory, storage, vms), (quota.Cpu?.Text, quota.Memory?.Text, quota.Storage?.Text, quota.Vms));
    }

    [Theory]
    [InlineData("""{"limit_range":{"minCpu":500,"maxCpu":8000,"minMemory":512,"maxMemory":32768}}""", "500m", "8", "512Mi", "32Gi")]
    [InlineData("""{"limit_range":{"minCpu":0.5,"maxCpu":8000,"minMemory":1.5,"maxMemory":1000000000}}""", "1m", "8", "1536Ki", "1000000000Mi")]
    [InlineData("""{"limit_range":{"minCpu":"500m","maxCpu":"8","minMemory":"1","maxMemory":"32Gi"}}""", "500m", "8", "1", "32Gi")]
    [InlineData("""{"limit_range":{"min_cpu":0.5,"maxCpu":1500}}""", "0.5", "1500m", null, null)]
    [InlineData("""{"limit_range":{"min_cpu":1,"max_cpu":8,"min_memory":1,"max_memory":32}}""", "1", "8", "1Gi", "32Gi")]
    [InlineData("""{"limit_range":{"max_cpu":"8","max_memory":"32Gi"}}""", null, "8", null, "32Gi")]
    [InlineData("""{"limit_range":{"minCpu":0,"maxCpu":4000,"min_memory":0,"maxMemory":0}}""", null, "4", null, null)]
    [InlineData("""{"limit_range":{"min_cpu":"0","max_cpu":"4","minMemory":"0Mi","max_memory":"0"}}""", null, "4", null, null)]
    public void Limits_take_both_spellings_each_with_its_units_and_zero_is_none(
        string payload, string? minCpu, string? maxCpu, string? minMemory, string? maxMemory)
    {
        var limits = Declared.Parse(payload).Limits;

        Assert.Equal(
            (minCpu, maxCpu, minMemory, maxMemory),
            (limits.MinCpu?.Text, limits.MaxCpu?.Text, limits.MinMemory?.Text, limits.MaxMemory?.Text));
    }

    [Theory]
    [InlineData("""{"quota":{"cpu":-1}}""", "quota.cpu")]
    [InlineData("""{"quota":{"cpu":0}}""", "quota.cpu")]
    [InlineData("""{"quota":{"cpu":"two"}}""", "quota.cpu")]
    [InlineData("""{"quota":{"cpu":2000000}}""", "quota.cpu")]
    [InlineData("""{"quota":{"memory":"64GB"}}""", "quota.memory")]
    [InlineData("""{"quota":{"memory":"900Pi"}}""", "quota.memory")]
    [InlineData("""{"quota":{"storage":true}}""", "quota.storage")]
    [InlineData("""{"quota":{"vms":0}}""", "quota.vms")]
    [InlineData("""{"quota":{"vms":1.5}}""", "quota.vms")]
    [InlineData("""{"quota":5}""", "quota")]
    [InlineData("""{"limit_range":{"minCpu":8,"maxCpu":4}}""", "limit_range.min_cpu")]
    [InlineData("""{"limit_range":{"min_memory":"8Gi","max_memory":"4Gi"}}""", "limit_range.min_memory")]
    [InlineData("""{"limit_range":{"max_cpu":"many"}}""", "limit_range.max_cpu")]
    [InlineData("""{"limit_range":{"max_cpu":2000000}}""", "limit_range.max_cpu")]
    [InlineData("""{"limit_range":{"maxCpu":2000000000}}""", "limit_range.maxCpu")]
    [InlineData("""{"limit_range":{"maxMemory":-1}}""", "limit_range.maxMemory")]
    [InlineData("""{"network_policy":"open"}""", "network_policy")]
    [InlineData("""{"custom_network_config":{"policy_type":"isolate"}}""", "custom_network_config")]
    [InlineData("""{"network_policy":"isolated","custom_network_config":{"allow_dns":"false"}}""", "custom_network_config")]
    [InlineData("""{"network_policy":"isolated","custom_network_config":{"deny_all_egress":true}}""", "custom_network_config")]
    [InlineData("""{"network_policy":"custom","custom_network_config":{"deny_all_ingres":true}}""", "custom_network_config.deny_all_ingres")]
    [InlineData("""{"network_policy":"custom","custom_network_config":{"deny_all_ingress":"yes"}}""", "custom_network_config.deny_all_ingress")]
    [InlineData("""{"network_policy":"custom","custom_network_config":{"allow_egress_to_ports":[0]}}""", "custom_network_config.allow_egress_to_ports[0]")]
    [InlineData("""{"network_policy":"custom","custom_network_config":{"allow_egress_to_ports":[443,"http"]}}""", "custom_network_config.allow_egress_to_ports[1]")]
    [InlineData("""{"network_policy":"custom","custom_network_config":{"allow_egress_to_ports":"443,70000"}}""", "custom_network_config.allow_egress_to_ports[1]")]
    [InlineData("""{"network_policy":"custom","custom_network_config":{"allow_egress_to_ports":443}}""", "custom_network_config.allow_egress_to_ports")]
    [InlineData("""{"network_policy":"custom","custom_network_config":{"deny_all_ingress":"2"}}""", "custom_network_config.deny_all_ingress")]
    [InlineData("""{"network_policy":"custom","custom_network_config":{"allow_dns":"\ud800"}}""", "custom_network_config.allow_dns")]
    [InlineData("""{"network_policy":"custom","custom_network_config":{"policy_type":"open"}}""", "custom_network_config.policy_type")]
    [InlineData("""{"network_policy":"custom","custom_network_config":{"policy_type":true}}""", "custom_network_config.policy_type")]
    [InlineData("""{"network_policy":"custom","custom_network_config":{"allow_all":"true"}}""", "custom_network_config.allow_all")]
    [InlineData("""{"network_policy":"custom","custom_network_config":{"\ud800":"true"}}""", "custom_network_config.\\\"\\ud800\":\"true\"")]
    [InlineData("""{"network_policy":"custom","custom_network_config":{"allow_ingress_from_namespaces":["A"]}}""", "custom_network_config.allow_ingress_from_namespaces[0]")]
    [InlineData("""{"admin_groups":["system:masters"]}""", "admin_groups[0]")]
    [InlineData("""{"admin_groups":["ok","System:Authenticated"]}""", "admin_groups[1]")]
    [InlineData("""{"admin_groups":[""]}""", "admin_groups[0]")]
    [InlineData("""{"admin_groups":[" padded"]}""", "admin_groups[0]")]
    [InlineData("""{"organization":"Acme Corp"}""", "organization")]
    [InlineData("""{"vdc_name":"-x"}""", "vdc_name")]
    [InlineData("""{"labels":{"pod-security.kubernetes.io/enforce":"privileged"}}""", "labels[\"pod-security.kubernetes.io/enforce\"]")]
    [InlineData("""{"labels":{"ovim.io/vdc":"other"}}""", "labels[\"ovim.io/vdc\"]")]
    [InlineData("""{"annotations":{"openshift.io/node-selector":""}}""", "annotations[\"openshift.io/node-selector\"]")]
    [InlineData("""{"labels":{"alpha.kubevirt.io/auto-memory-limits-ratio":"1"}}""", "labels[\"alpha.kubevirt.io/auto-memory-limits-ratio\"]")]
    public void What_is_wrong_is_named_by_its_field(string payload, string field)
    {
        var (_, errors) = Declared.Read(payload);

        var error = Assert.Single(errors);
        Assert.StartsWith(field + ":", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"deny_all_ingress":"true","deny_all_egress":"0"}""", """{"deny_all_ingress":true}""")]
    [InlineData("""{"deny_all_ingress":"1","deny_all_egress":"True"}""", """{"deny_all_ingress":true,"deny_all_egress":true}""")]
    [InlineData("""{"allow_egress_to_ports":"443,8443"}""", """{"allow_egress_to_ports":[443,8443]}""")]
    [InlineData("""{"allow_egress_to_ports":"443"}""", """{"allow_egress_to_ports":[443]}""")]
    [InlineData("""{"allow_egress_to_ports":["443",80]}""", """{"allow_egress_to_ports":[80,443]}""")]
    [InlineData("""{"allow_egress_to_ports":"[443 80]"}""", """{"allow_egress_to_ports":[80,443]}""")]
    [InlineData("""{"allow_ingress_from_namespaces":"monitoring, backup"}""", """{"allow_ingress_from_namespaces":["backup","monitoring"]}""")]
    [InlineData("""{"allow_ingress_from_namespaces":"[\"monitoring\",\"2\"]"}""", """{"allow_ingress_from_namespaces":["2","monitoring"]}""")]
    [InlineData("""{"policy_type":"isolate","allow_same_namespace":"true","allow_dns":"false"}""", """{"policy_type":"isolate","allow_same_namespace":true,"allow_dns":false}""")]
    [InlineData("""{"policy_type":"allow-all","deny_all_egress":"","allow_egress_to_ports":""}""", """{"policy_type":"allow-all"}""")]
    public void Custom_network_may_come_as_texts(string texts, string values) => Assert.Equal(
        Declared.Parse($$"""{"network_policy":"custom","custom_network_config":{{values}}}""").ToText(),
        Declared.Parse($$"""{"network_policy":"custom","custom_network_config":{{texts}}}""").ToText());

    [Theory]
    [InlineData("isolated", """{"policy_type":"isolate","allow_same_namespace":"true","allow_dns":"1","deny_all_ingress":"false"}""")]
    [InlineData("isolated", """{"policy_type":"allow-all"}""")] // what closes counts
    [InlineData("default", """{"policy_type":"allow-all","deny_all_egress":"0"}""")]
    [InlineData("", "{}")]
    public void Config_that_adds_nothing_to_another_policy_is_none(string policy, string config)
    {
        var network = Declared.Parse($$"""{"network_policy":"{{policy}}","custom_network_config":{{config}}}""").Network;

        Assert.Equal((policy == "isolated" ? NetworkMode.Isolated : NetworkMode.Default, null), (network.Mode, network.Custom));
    }

    [Fact]
    public void A_name_that_is_too_long_says_by_how_much()
    {
        var (_, errors) = Declared.Read($$"""{"organization":"{{new string('a', 70)}}"}""");

        Assert.Contains("70 characters, shorten it by 7", Assert.Single(errors), StringComparison.Ordinal);
    }

    [Fact]
    public void A_name_with_wrong_characters_says_what_it_could_be()
    {
        var (_, errors) = Declared.Read("""{"organization":"Acme Corp!"}""");

        Assert.Contains("\"Acme-Corp\"", Assert.Single(errors), StringComparison.Ordinal);
    }

    [Fact]
    public void Labels_of_the_users_own_and_of_applications_are_taken()
    {
        var declaration = Declared.Parse("""{"labels":{"example.com/cost":"42","app.kubernetes.io/part-of":"shop","tier":""}}""");

        Assert.Equal(["42", "shop", ""], declaration.Labels.Values);
    }

    [Fact]
    public void What_is_kept_is_read_back_the_same()
    {
        Gen.Select(Payloads.Valid, payload => payload).Sample(payload =>
        {
            var declaration = Declared.Parse(payload.ToJsonString());

            var (again, problem) = VdcDeclaration.Parse(declaration.ToText());

            Assert.Null(problem);
            Assert.Equal(declaration.ToText(), again!.ToText());
        });
    }

    [Fact]
    public void A_random_payload_is_read_without_surprise()
    {
        Payloads.Any.Sample(payload =>
        {
            var reader = new PayloadReader(JsonElement.Parse(payload.ToJsonString()));

            var declaration = VdcDeclaration.Read(reader);

            if (reader.Errors.Count == 0) Assert.NotNull(VdcDeclaration.Parse(declaration.ToText()).Declaration);
            else Assert.All(reader.Errors, error => Assert.Contains(':', error));
        });
    }

    [Theory]
    [InlineData("{", "")]
    [InlineData("[]", "payload")]
    [InlineData("""{"quota":{"cpu":"x"}}""", "quota.cpu")]
    public void What_was_kept_and_spoilt_by_hand_is_a_problem(string text, string named)
    {
        var (declaration, problem) = VdcDeclaration.Parse(text);

        Assert.Null(declaration);
        Assert.Contains(named, problem, StringComparison.Ordinal);
    }
}
