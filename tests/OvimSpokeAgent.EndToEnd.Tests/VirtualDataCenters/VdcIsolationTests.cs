using System.Text.Json.Nodes;
using OvimSpokeAgent.EndToEnd.Tests.Harness;

namespace OvimSpokeAgent.EndToEnd.Tests.VirtualDataCenters;

/// <summary>What a closed VDC lets through follows the cluster's DNS, KubeVirt and CDI. Who reaches whom by it is checked apart.</summary>
public sealed class VdcIsolationTests(Clusters clusters) : IClassFixture<Clusters>
{
    private const string Isolation = "vdc-isolation-policy";
    private const string Definitions = "apis/apiextensions.k8s.io/v1/customresourcedefinitions";
    private const string KubeVirts = "kubevirts.kubevirt.io";

    [Theory, OnSandbox, OnRealApiServer]
    public async Task Policies_follow_dns_and_kubevirt_in_place_and_it_is_no_drift(ClusterKind kind)
    {
        await using var world = await VdcWorld.OpenAsync(clusters, kind);
        var (vdc, dns, virt) = (world.NewVdc(), world.NewVdc("dns"), world.NewVdc("virt"));
        foreach (var ns in (string[])[dns, virt])
            await world.Admin.CreateAsync("api/v1/namespaces", new JsonObject { ["metadata"] = new JsonObject { ["name"] = ns } });
        // Before Kubernetes 1.21 what the Service says itself is all there is.
        var hasSlices = await world.Admin.FindAsync("apis/discovery.k8s.io/v1") is not null;
        var (services, slices) = ($"api/v1/namespaces/{dns}/services", $"apis/discovery.k8s.io/v1/namespaces/{dns}/endpointslices");
        var service = await world.Admin.CreateAsync(services, Service(kind, hasSlices ? null : 5353));
        var address = (string)service["spec"]!["clusterIP"]!;
        if (hasSlices) await world.Admin.CreateAsync(slices, Slice(5353));
        var hadKind = await world.Admin.FindAsync($"{Definitions}/{KubeVirts}") is not null;
        if (!hadKind) await world.Admin.CreateAsync(Definitions, KubeVirtDefinition());
        try
        {
            await world.RestartAgentAsync(("OVIM_DNS_TARGETS", $"169.254.20.10, {address}"), ("OVIM_CDI_NAMESPACE", virt));
            await world.CompletesAsync("create_vdc", vdc, """{"network_policy":"isolated"}""");
            // It is right from the start.
            var policy = await world.GetAsync(vdc, VdcWorld.Policies, Isolation);

            Assert.Contains("169.254.20.10/32", policy.ToJsonString(), StringComparison.Ordinal);
            Assert.Contains($"{address}/32", policy.ToJsonString(), StringComparison.Ordinal);
            Assert.Contains(dns, policy.ToJsonString(), StringComparison.Ordinal);
            Assert.Contains(virt, (await PolicyAsync("vdc-cdi-policy", virt)).ToJsonString(), StringComparison.Ordinal);

            if (hasSlices) await world.Admin.MergeAsync($"{slices}/dns-1", new JsonObject { ["ports"] = Slice(1053)["ports"]!.DeepClone() });
            else await world.Admin.MergeAsync($"{services}/dns", new JsonObject { ["spec"] = Service(kind, 1053)["spec"]!.DeepClone() });
            await world.Admin.CreateAsync(
                $"apis/kubevirt.io/v1/namespaces/{virt}/kubevirts",
                JsonNode.Parse("""{"apiVersion":"kubevirt.io/v1","kind":"KubeVirt","metadata":{"name":"kubevirt"},"spec":{}}""")!.AsObject());
            var after = await PolicyAsync(Isolation, "1053");
            await PolicyAsync("vdc-kubevirt-policy", virt);

            Assert.Equal((string?)policy["metadata"]!["uid"], (string?)after["metadata"]!["uid"]);
            // Those of OpenShift's own place are left.
            Assert.Equal(2, after["spec"]!["egress"]!.ToJsonString().Split(":5353}").Length - 1);
            var status = await world.ReportsVdcAsync(vdc, status => (string?)status["status"] == "Active");
            Assert.True(status["warnings"] is null, status.ToJsonString());
            var events = (await world.Admin.GetAsync($"api/v1/namespaces/{vdc}/events"))["items"]!.AsArray();
            Assert.DoesNotContain(events, item => (string?)item!["reason"] is "DriftRepaired" or "DriftContested" or "IsolationWeakened");
        }
        finally
        {
            if (hadKind) await world.Admin.DeleteAsync($"apis/kubevirt.io/v1/namespaces/{virt}/kubevirts/kubevirt");
            else await world.Admin.DeleteAsync($"{Definitions}/{KubeVirts}");
        }

        async Task<JsonObject> PolicyAsync(string name, string text) => (await world.WaitForAsync(
            vdc, VdcWorld.Policies, name, policy => policy?.ToJsonString().Contains(text, StringComparison.Ordinal) == true))!;
    }

    // A real API server gives the address. Without a number the pods' ports have names.
    private static JsonObject Service(ClusterKind kind, int? port)
    {
        var (udp, tcp) = port is { } number ? ($"{number}", $"{number}") : ("\"dns\"", "\"dns-tcp\"");
        var service = JsonNode.Parse($$$"""
            {"apiVersion":"v1","kind":"Service","metadata":{"name":"dns"},"spec":{"selector":{"app":"coredns"},
            "ports":[{"name":"dns","port":53,"protocol":"UDP","targetPort":{{{udp}}} },{"name":"dns-tcp","port":53,"protocol":"TCP","targetPort":{{{tcp}}} }]}}
            """)!.AsObject();
        if (kind is ClusterKind.Sandbox) service["spec"]!["clusterIP"] = "10.96.77.10";
        return service;
    }

    private static JsonObject Slice(int port) => JsonNode.Parse($$$"""
        {"apiVersion":"discovery.k8s.io/v1","kind":"EndpointSlice","metadata":{"name":"dns-1","labels":{"kubernetes.io/service-name":"dns"}},
        "addressType":"IPv4","endpoints":[{"addresses":["10.244.7.1"]}],
        "ports":[{"name":"dns","port":{{{port}}},"protocol":"UDP"},{"name":"dns-tcp","port":{{{port}}},"protocol":"TCP"}]}
        """)!.AsObject();

    private static JsonObject KubeVirtDefinition() => JsonNode.Parse("""
        {"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition","metadata":{"name":"kubevirts.kubevirt.io"},
        "spec":{"group":"kubevirt.io","scope":"Namespaced","names":{"plural":"kubevirts","singular":"kubevirt","kind":"KubeVirt"},
        "versions":[{"name":"v1","served":true,"storage":true,
        "schema":{"openAPIV3Schema":{"type":"object","x-kubernetes-preserve-unknown-fields":true}}}]}}
        """)!.AsObject();
}
