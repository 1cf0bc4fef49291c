using System.Text.Json.Nodes;
using OvimSpokeAgent.VirtualDataCenters;

namespace OvimSpokeAgent.Tests.VirtualDataCenters;

/// <summary>Which changes of a VDC's objects let in more than is declared, and which fields are named.</summary>
public sealed class LooseningTests
{
    private const string Whole = """
        {"vdc_name":"dev","quota":{"cpu":4,"memory":"8Gi","vms":3},"limit_range":{"max_cpu":2},
        "network_policy":"isolated","admin_groups":["admins"]}
        """;

    [Theory]
    // Quota: more, not limited any more, or not counted any more.
    [InlineData("ResourceQuota", "spec.hard[requests.cpu]", "\"4000m\"", false, "")]
    [InlineData("ResourceQuota", "spec.hard[requests.cpu]", "\"5\"", true, "spec.hard[requests.cpu] is 5, declared is 4")]
    [InlineData("ResourceQuota", "spec.hard[requests.cpu]", "\"3\"", false, "spec.hard[requests.cpu] is 3, declared is 4")]
    [InlineData("ResourceQuota", "spec.hard[requests.cpu]", "\"lots\"", true, "spec.hard[requests.cpu] is lots, declared is 4")]
    [InlineData("ResourceQuota", "spec.hard[requests.memory]", null, true, "spec.hard[requests.memory] is missing")]
    [InlineData("ResourceQuota", "spec.hard[limits.cpu]", "\"1\"", false, "spec.hard[limits.cpu] is 1, declared is none")]
    [InlineData("ResourceQuota", "spec.scopes", """["Terminating"]""", true, """spec.scopes is ["Terminating"], declared is none""")]
    [InlineData("ResourceQuota", "spec.scopeSelector", """{"matchExpressions":[{"scopeName":"BestEffort","operator":"Exists"}]}""", true, null)]
    [InlineData("ResourceQuota", "spec", null, true, "spec is missing")]
    // Limits: a higher maximum, a lower request of what asks for none, another type.
    [InlineData("LimitRange", "spec.limits[0].max[cpu]", "\"100\"", true, null)]
    [InlineData("LimitRange", "spec.limits[0].max[cpu]", "\"1\"", false, null)]
    [InlineData("LimitRange", "spec.limits[0].max", null, true, null)]
    [InlineData("LimitRange", "spec.limits[0].defaultRequest[cpu]", "\"1m\"", true, null)]
    [InlineData("LimitRange", "spec.limits[0].defaultRequest[cpu]", "\"1\"", false, null)]
    [InlineData("LimitRange", "spec.limits[0].type", "\"Pod\"", true, null)]
    [InlineData("LimitRange", "spec.limits[1]", """{"type":"Pod","max":{"cpu":"1"}}""", false, null)]
    // Policies: more peers, more ports, fewer pods, a direction that is not restricted any more, a field that nobody here knows.
    [InlineData("NetworkPolicy", "spec.ingress[0]", "{}", true, null)]
    [InlineData("NetworkPolicy", "spec.ingress", null, false, null)]
    [InlineData("NetworkPolicy", "spec.egress[1].ports[2]", """{"protocol":"TCP","port":80}""", true, null)]
    [InlineData("NetworkPolicy", "spec.egress[1].ports[1]", null, false, null)]
    [InlineData("NetworkPolicy", "spec.egress[1].ports", null, true, null)]
    [InlineData("NetworkPolicy", "spec.egress[0].to[0].namespaceSelector", "{}", true, null)]
    [InlineData("NetworkPolicy", "spec.egress[3]", """{"to":[{"ipBlock":{"cidr":"10.0.0.0/8"}}]}""", true, null)]
    [InlineData("NetworkPolicy", "spec.podSelector.matchLabels", """{"a":"b"}""", true, "spec.podSelector.matchLabels is {\"a\":\"b\"}, declared is none")]
    [InlineData("NetworkPolicy", "spec.policyTypes[1]", null, true, null)]
    [InlineData("NetworkPolicy", "spec.audience", "\"all\"", true, null)]
    // Bindings: someone more, another role.
    [InlineData("RoleBinding", "subjects[1]", """{"kind":"User","apiGroup":"rbac.authorization.k8s.io","name":"mallory"}""", true, null)]
    [InlineData("RoleBinding", "subjects[0].name", "\"everyone\"", true, null)]
    [InlineData("RoleBinding", "subjects", null, false, null)]
    [InlineData("RoleBinding", "roleRef.name", "\"cluster-admin\"", true, "roleRef.name is cluster-admin, declared is ovim:vdc-admin")]
    public void Change_is_looser_if_it_lets_in_more(string kind, string path, string? value, bool isLooser, string? described)
    {
        var manifest = Manifest(kind);
        var found = manifest.Body.DeepClone().AsObject();
        Set(found, path, value);

        var drift = Drift.Between(manifest, OwnedFingerprint.Of(found));

        Assert.Equal(isLooser, drift.IsLooser);
        if (described is not null) Assert.Equal(described, drift.Describe());
        if (described?.Length == 0) Assert.Empty(drift.Fields);
    }

    [Theory]
    [InlineData("ResourceQuota", true)]
    [InlineData("LimitRange", true)]
    [InlineData("NetworkPolicy", true)]
    [InlineData("RoleBinding", false)]
    public void Object_that_is_missing_is_looser_unless_it_lets_someone_in(string kind, bool isLooser) =>
        Assert.Equal(isLooser, Drift.Between(Manifest(kind), null).IsLooser);

    [Fact]
    public void Patch_makes_every_field_as_declared_and_takes_off_the_others()
    {
        var manifest = Manifest("ResourceQuota");
        var found = manifest.Body.DeepClone().AsObject();
        Set(found, "spec.hard[requests.memory]", "\"9Gi\"");
        Set(found, "spec.hard[limits.cpu]", "\"1\"");
        Set(found, "spec.scopeSelector", """{"matchExpressions":[]}""");
        Set(found, "spec.scopes", """["Terminating"]""");

        var patch = Drift.Between(manifest, OwnedFingerprint.Of(found)).ToPatch(manifest.Body);

        Assert.Equal("""{"spec":{"hard":{"requests.memory":"8Gi","limits.cpu":null},"scopeSelector":null,"scopes":null}}""", patch.ToJsonString());
    }

    [Fact]
    public void Long_differences_are_shortened()
    {
        var manifest = Manifest("ResourceQuota");
        var found = manifest.Body.DeepClone().AsObject();
        for (var i = 0; i < 5; i++) Set(found, $"spec.hard[count/x{i}]", $"\"{new string('9', 27)}\"");
        Set(found, "spec.scopes", $"[\"{new string('x', 500)}\"]");

        var described = Drift.Between(manifest, OwnedFingerprint.Of(found)).Describe();

        Assert.EndsWith(" and 3 more", described, StringComparison.Ordinal);
        Assert.True(described.Length < 500, described);
    }

    private static OwnedManifest Manifest(string kind) =>
        VdcManifests.Objects("acme-dev", Declared.Parse(Whole), QuotaHeadroom.None, ClusterNetwork.Usual(Declared.Settings), Declared.Settings).First(manifest => manifest.Kind.Kind == kind);

    // Sets, adds or (null) removes what a path as in messages names; list items by number.
    private static void Set(JsonObject item, string path, string? value)
    {
        var names = path.Replace("]", "", StringComparison.Ordinal).Split('[')
            .SelectMany((part, index) => index == 0 || part.StartsWith('.') ? part.Split('.', StringSplitOptions.RemoveEmptyEntries) : Inside(part))
            .ToList();
        JsonNode node = item;
        foreach (var name in names.SkipLast(1)) node = node is JsonArray array ? array[int.Parse(name, null)]! : node[name]!;
        var json = value is null ? null : JsonNode.Parse(value);
        switch (node)
        {
            case JsonObject of when value is null:
                of.Remove(names[^1]);
                break;
            case JsonObject of:
                of[names[^1]] = json;
                break;
            case JsonArray list when value is null:
                list.RemoveAt(int.Parse(names[^1], null));
                break;
            case JsonArray list when int.Parse(names[^1], null) == list.Count:
                list.Add(json);
                break;
            case JsonArray list:
                list[int.Parse(names[^1], null)] = json;
                break;
        }

        // requests.cpu, or 0.max: a number ends at its dot.
        static IEnumerable<string> Inside(string part) =>
            char.IsDigit(part[0]) ? part.Split('.', StringSplitOptions.RemoveEmptyEntries) : [part];
    }
}
