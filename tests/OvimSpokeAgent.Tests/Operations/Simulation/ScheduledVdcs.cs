using System.Text.Json.Nodes;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.VirtualDataCenters;

namespace OvimSpokeAgent.Tests.Operations.Simulation;

/// <summary>Operations on VDCs and on a namespace of someone else, and what people do to the objects.</summary>
internal static class ScheduledVdcs
{
    private const string OptedIn = "acme";

    private static readonly string[] Vdcs = ["acme-dev", SimulatedNamespaces.WithTenant];

    private static readonly string[] Networks =
    [
        """{"network_policy":"default"}""",
        """{"network_policy":"isolated"}""",
        """{"network_policy":"custom","custom_network_config":{"deny_all_ingress":true}}""",
        """{"network_policy":"custom","custom_network_config":{"allow_egress_to_ports":[443]}}""",
    ];

    private static readonly string[] Changes =
    [
        """{"quota":{"memory":null}}""",
        """{"limit_range":{"maxCpu":4000}}""",
        """{"limit_range":null,"labels":{"tier":null}}""",
        """{"admin_groups":["b"],"labels":{"tier":"2"}}""",
        """{"admin_groups":null,"description":"changed"}""",
    ];

    // So much that no VM is in its way.
    private static readonly string[] Quotas = ["""{"cpu":1000}""", """{"cpu":2000,"memory":"4000Gi"}""", """{"storage":"1Ti"}"""];

    private static readonly string[] Limits = ["""{"maxCpu":64000}""", """{"minCpu":1000,"maxCpu":32000}"""];

    // Fits only where no smaller maximum is declared.
    private const string Lower = """{"minCpu":48000}""";

    public static ScheduledOperation Operation(ScheduledOperation operation, Random random)
    {
        var ns = Pick(Vdcs);
        switch (random.Next(9))
        {
            case 0 or 1 or 2:
                return On("create_vdc", ns, Merged(
                    Named(ns),
                    new JsonObject { ["quota"] = new JsonObject { ["cpu"] = 4 << random.Next(2), ["memory"] = 64 } },
                    new JsonObject { ["organization"] = "org", ["labels"] = new JsonObject { ["tier"] = "1" } },
                    Parse(Pick(Networks)),
                    new JsonObject { ["admin_groups"] = new JsonArray([.. (random.Next(2) == 0 ? ["a"] : (string[])["a", "b"])]) }));
            case 3 or 4:
                return On("update_vdc", ns, Merged(Named(ns), Parse(Pick([.. Changes, .. Networks]))));
            case 5 or 6:
                return On("delete_vdc", ns, Merged(Named(ns), new JsonObject { ["cascade"] = random.Next(2) == 0 }));
            case 7:
                ns = Pick([.. Vdcs, OptedIn]);
                return On("create_resource_quota", ns, new JsonObject { ["namespace"] = ns, ["quota"] = Parse(Pick(Quotas)) });
            default:
                ns = Pick([.. Vdcs, OptedIn]);
                var limits = ns == OptedIn ? Pick(Limits) : Pick([.. Limits, Lower]);
                return On("create_limit_range", ns, new JsonObject { ["namespace"] = ns, ["limit_range"] = Parse(limits) });
        }

        ScheduledOperation On(string type, string target, JsonObject payload) =>
            operation with { Type = type, Namespace = target, Payload = payload };

        string Pick(string[] items) => items[random.Next(items.Length)];
    }

    /// <summary>Someone deletes or changes an object of a VDC.</summary>
    public static ScheduledFault Drift(TimeSpan at, Random random)
    {
        var ns = Vdcs[random.Next(Vdcs.Length)];
        var isDeleted = random.Next(2) == 0;
        var (kind, name, change) = random.Next(7) switch
        {
            0 => (KubernetesKinds.ResourceQuota, VdcNames.Quota, (Action<JsonObject>)(item => item["spec"]!["hard"]!["requests.cpu"] = "999")),
            1 => (KubernetesKinds.LimitRange, VdcNames.Limits, item => item["spec"]!["limits"]![0]!["type"] = "Pod"),
            2 => (KubernetesKinds.NetworkPolicy, VdcNames.IsolationPolicy, item => item["spec"]!["ingress"] = new JsonArray(new JsonObject())),
            3 => (KubernetesKinds.NetworkPolicy, VdcNames.CustomPolicy, item => item["spec"]!["policyTypes"] = new JsonArray("Egress")),
            4 => (KubernetesKinds.RoleBinding, VdcNames.BindingOf("a"), item => item["subjects"]![0]!["name"] = "others"),
            5 => (KubernetesKinds.Namespace, ns, item => item["metadata"]!["labels"]!.AsObject().Remove(WellKnownNames.VdcLabel)),
            _ => (KubernetesKinds.Namespace, ns, item => item["metadata"]!["labels"]![WellKnownNames.OrganizationLabel] = "others"),
        };
        var isNamespace = kind == KubernetesKinds.Namespace; // which nobody deletes
        return new ScheduledFault(
            at,
            $"someone {(isDeleted && !isNamespace ? "deletes" : "changes")} {kind.Kind} {name} of {ns}",
            world => world.Namespaces.Drift(
                kind, isNamespace ? NamespacedName.ClusterScoped(ns) : new(ns, name), isDeleted && !isNamespace ? null : change));
    }

    private static JsonObject Named(string ns) => new() { ["vdc_name"] = ns["acme-".Length..], ["target_namespace"] = ns };

    private static JsonObject Parse(string json) => JsonNode.Parse(json)!.AsObject();

    private static JsonObject Merged(params ReadOnlySpan<JsonObject> parts)
    {
        var merged = new JsonObject();
        foreach (var part in parts)
        {
            foreach (var (field, value) in part) merged[field] = value?.DeepClone();
        }
        return merged;
    }
}
