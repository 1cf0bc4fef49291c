using System.Text.Json;
using OvimSpokeAgent.Operations;
using OvimSpokeAgent.VirtualDataCenters;

namespace OvimSpokeAgent.Tests.VirtualDataCenters;

public sealed class DeclarationMergeTests
{
    private const string Before = """
        {"vdc_name":"dev","organization":"acme","zone_id":"z","description":"old","quota":{"cpu":"20","memory":"64Gi","vms":5},
        "limit_range":{"max_cpu":"8"},"network_policy":"isolated","admin_groups":["a","b"],"labels":{"tier":"1","team":"x"}}
        """;

    [Theory]
    [InlineData("{}", "{}", "nothing")]
    [InlineData("""{"quota":{"cpu":30}}""", """{"quota":{"cpu":"30","memory":"64Gi","vms":5}}""", "one number")]
    [InlineData("""{"quota":{"memory":null}}""", """{"quota":{"cpu":"20","vms":5}}""", "one removed")]
    [InlineData("""{"quota":null}""", """{"quota":null}""", "all removed")]
    [InlineData("""{"quota":{}}""", "{}", "an empty object is no wish")]
    [InlineData("""{"limit_range":{"max_cpu":4,"min_memory":1}}""", """{"limit_range":{"max_cpu":"4","min_memory":"1Gi"}}""", "cores and GiB")]
    [InlineData("""{"limit_range":{"maxCpu":500,"minMemory":1024}}""", """{"limit_range":{"max_cpu":"500m","min_memory":"1Gi"}}""", "millicores and MiB")]
    [InlineData("""{"limit_range":{"maxCpu":"4","minMemory":"1Gi"}}""", """{"limit_range":{"max_cpu":"4","min_memory":"1Gi"}}""", "quantities")]
    [InlineData("""{"limit_range":{"maxCpu":null,"minMemory":1024}}""", """{"limit_range":{"min_memory":"1Gi"}}""", "one removed by its other name")]
    [InlineData("""{"limit_range":{"max_cpu":0,"min_memory":1}}""", """{"limit_range":{"min_memory":"1Gi"}}""", "0 is no limit")]
    [InlineData("""{"limit_range":{"maxCpu":"0","min_memory":1}}""", """{"limit_range":{"min_memory":"1Gi"}}""", "0 as a text is none, too")]
    [InlineData("""{"limit_range":{"max_cpu":null,"maxCpu":2000}}""", """{"limit_range":{"max_cpu":"2"}}""", "given under one of its names")]
    [InlineData("""{"limit_range":{"max_cpu":2,"maxCpu":3000}}""", """{"limit_range":{"max_cpu":"2"}}""", "the contract's name goes first")]
    [InlineData("""{"limit_range":{"max_cpu":"","unknown":5}}""", "{}", "nothing that means something")]
    [InlineData("""{"network_policy":""}""", "{}", "an empty policy is no wish: it would open the VDC")]
    [InlineData("""{"network_policy":"default"}""", """{"network_policy":null}""", "opened by name")]
    [InlineData("""{"network_policy":null}""", """{"network_policy":null}""", "opened by null")]
    [InlineData("""{"admin_groups":[]}""", "{}", "an empty list is no wish")]
    [InlineData("""{"admin_groups":["c"]}""", """{"admin_groups":["c"]}""", "a list is replaced")]
    [InlineData("""{"admin_groups":null}""", """{"admin_groups":null}""", "no admins")]
    [InlineData("""{"labels":{"tier":null,"new":""}}""", """{"labels":{"new":"","team":"x"}}""", "labels are merged")]
    [InlineData("""{"zone_id":"y","vdc_namespace":"hub-dev"}""", """{"zone_id":"y","vdc_namespace":"hub-dev"}""", "where it is known")]
    [InlineData("""{"zone_id":null}""", """{"zone_id":null}""", "the agent's own zone")]
    [InlineData("""{"description":"new","organization":"other","vdc_name":"dev"}""", """{"description":"new"}""", "who it is stays")]
    public void An_update_changes_exactly_what_it_gives(string update, string changed, string why)
    {
        var declared = Declared.Parse(Before);
        var expected = System.Text.Json.Nodes.JsonNode.Parse(declared.ToText())!.AsObject();
        foreach (var (field, value) in System.Text.Json.Nodes.JsonNode.Parse(changed)!.AsObject())
        {
            expected.Remove(field);
            if (value is not null) expected[field] = value.DeepClone();
        }

        var reader = new PayloadReader(DeclarationMerge.Merge(declared, JsonElement.Parse(update)));
        var after = VdcDeclaration.Read(reader);

        Assert.Empty(reader.Errors);
        Assert.True(Declared.Parse(expected.ToJsonString()).ToText() == after.ToText(), $"{why}: {after.ToText()}");
    }

    [Theory]
    [InlineData("""{"max_cpu":4000,"min_memory":2048}""")]
    [InlineData("""{"maxCpu":4000,"minMemory":2048}""")]
    [InlineData("""{"maxCpu":"4","min_memory":"2Gi"}""")]
    public void The_hubs_own_resource_counts_millicores_and_mebibytes_under_each_name(string limits)
    {
        var payload = JsonElement.Parse($$"""{"namespace":"x","limit_range":{{limits}}}""");

        var reader = new PayloadReader(DeclarationMerge.MergeOne(Declared.Parse(Before), "limit_range", payload));
        var after = VdcDeclaration.Read(reader).Limits;

        Assert.Empty(reader.Errors);
        Assert.Equal(("4", "2Gi"), (after.MaxCpu?.Text, after.MinMemory?.Text));
    }

    [Fact]
    public void An_organization_is_given_once() =>
        Assert.Equal("acme", Read(Declared.Parse("""{"vdc_name":"dev"}"""), """{"organization":"acme"}""").Organization);

    [Fact]
    public void Rules_of_a_custom_network_are_merged_and_go_with_the_mode()
    {
        var custom = Declared.Parse(
            """{"network_policy":"custom","custom_network_config":{"deny_all_ingress":true,"allow_egress_to_ports":[443]}}""");

        var more = Read(custom, """{"custom_network_config":{"allow_egress_to_ports":[80]}}""");
        var isolated = Read(custom, """{"network_policy":"isolated"}""");

        Assert.True(more.Network.Custom!.DenyAllIngress);
        Assert.Equal([80], more.Network.Custom.EgressPorts);
        Assert.Equal((NetworkMode.Isolated, null), (isolated.Network.Mode, isolated.Network.Custom));
    }

    [Fact]
    public void Custom_network_stays_closed_until_it_is_opened_in_so_many_words()
    {
        var isolated = Declared.Parse("""{"network_policy":"isolated"}""");

        var custom = Read(isolated, """{"network_policy":"custom"}""");
        var denied = Read(custom, """{"custom_network_config":{"deny_all_ingress":"true"}}""");
        var without = Read(denied, """{"custom_network_config":null}""");
        var opened = Read(custom, """{"custom_network_config":{"policy_type":"allow-all"}}""");

        Assert.Equal((true, true), (custom.Network.Custom!.RestrictsIngress, custom.Network.Custom.RestrictsEgress));
        Assert.Equal((true, true), (denied.Network.Custom!.DenyAllIngress, denied.Network.Custom.RestrictsEgress));
        Assert.Equal(custom.ToText(), without.ToText());
        Assert.False(opened.Network.Custom!.Closes);
    }

    [Fact]
    public void An_update_that_does_not_fit_to_what_is_declared_is_an_error()
    {
        var reader = new PayloadReader(DeclarationMerge.Merge(
            Declared.Parse("""{"limit_range":{"max_cpu":"4"}}"""), JsonElement.Parse("""{"limit_range":{"min_cpu":8}}""")));

        VdcDeclaration.Read(reader);

        Assert.StartsWith("limit_range.min_cpu:", Assert.Single(reader.Errors), StringComparison.Ordinal);
    }

    private static VdcDeclaration Read(VdcDeclaration declared, string update)
    {
        var reader = new PayloadReader(DeclarationMerge.Merge(declared, JsonElement.Parse(update)));
        var after = VdcDeclaration.Read(reader);
        Assert.Empty(reader.Errors);
        return after;
    }
}
