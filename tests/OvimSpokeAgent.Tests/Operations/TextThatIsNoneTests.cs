using System.Text.RegularExpressions;
using OvimSpokeAgent.Tests.VirtualDataCenters;

namespace OvimSpokeAgent.Tests.Operations;

/// <summary>A lone surrogate in the place of any text of a payload, name or value, known or not: it is refused by its field or passed over.</summary>
public sealed partial class TextThatIsNoneTests
{
    private const string Declared = """
        "display_name":"D","description":"d","vdc_namespace":"hub","zone_id":"z","quota":{"cpu":"4","memory":"8Gi","storage":"1Ti","vms":5},
        "limit_range":{"min_cpu":"1","max_memory":"4Gi"},"network_policy":"custom","custom_network_config":{"allow_dns":"true",
        "allow_ingress_from_namespaces":["a"],"allow_egress_to_ports":["443"]},"admin_groups":["g"],"labels":{"a":"b"},"annotations":{"c":"d"}
        """;

    private const string Vm = """
        "name":"db","namespace":"acme-dev","cpu":"1","memory":"1Gi","storage":"1Gi","image_url":"x/y:1","labels":{"a":"b"},"annotations":{"c":"d"},
        "cloud_init":"#cloud-config","ssh_keys":["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIB a@b"],"network_name":"pod","run":false,"template":{"x":["y"]}
        """;

    [Theory]
    [InlineData("create_vdc", """ "vdc_name":"new","target_namespace":"acme-new","labels":{"a":"b"},"annotations":{"c":"d"},"quota":{"cpu":"4"},"admin_groups":["g"] """)]
    [InlineData("update_vdc", Declared)]
    [InlineData("create_resource_quota", """ "namespace":"acme-dev","quota":{"cpu":"4","memory":"8Gi"} """)]
    [InlineData("create_limit_range", """ "namespace":"acme-dev","limit_range":{"maxCpu":"4","max_memory":"8Gi"} """)]
    [InlineData("create_vm", Vm)]
    [InlineData("create_vm", """ "name":"db","namespace":"acme-dev","template_name":"t","cpu":"1","labels":{"a":"b"},"run":false """)]
    [InlineData("update_vm", """ "name":"web","namespace":"acme-dev","cpu":"2","memory":"2Gi","labels":{"a":"b"},"annotations":{"c":"d"} """)]
    [InlineData("stop_vm", """ "name":"web","namespace":"acme-dev","force":true """)]
    [InlineData("get_vm_status", """ "name":"web","namespace":"acme-dev" """)]
    [InlineData("list_vms", """ "namespace":"acme-dev" """)]
    public async Task No_place_of_it_is_an_internal_error(string type, string payload)
    {
        await using var host = await VdcHost.StartAsync();
        Assert.Null((await host.RunAsync("create_vdc", """ "quota":{"cpu":"100","memory":"100Gi"} """)).Error);
        await host.PassesUntilAsync(host.IsAllAsDeclared);
        Assert.Null((await host.CreateVmAsync("web", 1, run: false)).Error);

        var (refused, done) = (0, 0);
        foreach (var changed in Places(payload))
        {
            var errors = host.ErrorsOf(type, changed);
            Assert.All(errors, error => Assert.DoesNotContain(error, char.IsSurrogate));
            if (errors.Count > 0) refused++;
            else if ((await host.RunAsync(type, changed)).Error is null) done++;
        }

        Assert.True(refused > 0 && done > 0, $"{refused} refused, {done} done");
    }

    private static IEnumerable<string> Places(string payload)
    {
        foreach (var text in Texts().Matches(payload).Cast<Match>())
            yield return $"{payload[..text.Index]}\"\\ud800\"{payload[(text.Index + text.Length)..]}";
        foreach (var start in Starts().Matches(payload).Cast<Match>())
        {
            var at = start.Index + start.Length;
            yield return $"{payload[..at]}\"unknown\":\"\\ud800\",{payload[at..]}";
            yield return $"{payload[..at]}\"unknown\":[{{\"\\ud800\":\"\\ud800\"}}],{payload[at..]}";
            yield return $"{payload[..at]}\"\\ud800\":\"x\",{payload[at..]}";
        }
    }

    [GeneratedRegex("\"[^\"]*\"")]
    private static partial Regex Texts();

    // Of the payload itself and of each object in it.
    [GeneratedRegex(@"^\s*|\{")]
    private static partial Regex Starts();
}
