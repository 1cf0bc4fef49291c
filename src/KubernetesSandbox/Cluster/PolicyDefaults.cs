using System.Text.Json.Nodes;

namespace KubernetesSandbox.Cluster;

/// <summary>
/// What the server writes into quotas, limits, network policies, bindings and services: defaults, and quantities in their
/// canonical form. Who compares what it wrote with what it reads meets these.
/// </summary>
internal static class PolicyDefaults
{
    private const string Rbac = "rbac.authorization.k8s.io";

    public static void Fill(ResourceKind kind, JsonObject content)
    {
        switch (kind.Resource)
        {
            case ("", "resourcequotas"):
                Canonicalize(kind, content.Map("spec", "hard"));
                Canonicalize(kind, content.Map("status", "hard"));
                Canonicalize(kind, content.Map("status", "used"));
                content.MapAt("status");
                break;
            case ("", "limitranges"):
                foreach (var item in content.Items("spec", "limits") ?? []) FillLimit(kind, item!.AsObject());
                break;
            case ("networking.k8s.io", "networkpolicies"):
                FillNetworkPolicy(content.MapAt("spec"));
                break;
            case (Rbac, "rolebindings" or "clusterrolebindings"):
                FillBinding(content);
                break;
            case ("", "services"):
                FillService(content.MapAt("spec"));
                content.MapAt("status").MapAt("loadBalancer");
                break;
        }
    }

    /// <exception cref="ApiException">400: not a quantity.</exception>
    private static void Canonicalize(ResourceKind kind, JsonObject? quantities)
    {
        foreach (var (name, value) in quantities?.ToList() ?? [])
        {
            var canonical = value is JsonValue ? QuantityText.Canonical(value.ToString()) : null;
            quantities![name] = canonical ?? throw ApiErrors.BadRequest(
                $"{kind.Kind} in version \"{kind.Version}\" cannot be handled as a {kind.Kind}: quantities must match the regular "
                + $"expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$', found {value.ToText()} in {name}");
        }
    }

    private static void FillLimit(ResourceKind kind, JsonObject limit)
    {
        foreach (var field in (string[])["max", "min", "default", "defaultRequest", "maxLimitRequestRatio"])
            Canonicalize(kind, limit.Map(field));
        if (limit.Text("type") != "Container") return;
        FillFrom("default", "max");
        FillFrom("defaultRequest", "default");
        FillFrom("defaultRequest", "min");

        void FillFrom(string to, string from)
        {
            foreach (var (name, value) in limit.Map(from)?.ToList() ?? [])
            {
                var map = limit.MapAt(to);
                if (!map.ContainsKey(name)) map[name] = value?.DeepClone();
            }
        }
    }

    private static void FillNetworkPolicy(JsonObject spec)
    {
        spec.MapAt("podSelector");
        foreach (var rule in (spec.Items("ingress") ?? []).Concat(spec.Items("egress") ?? []))
        {
            foreach (var port in rule.Items("ports") ?? []) Default(port, "protocol", "TCP");
        }
        if (spec.ContainsKey("policyTypes")) return;
        spec["policyTypes"] = spec.ContainsKey("egress") ? new JsonArray("Ingress", "Egress") : new JsonArray("Ingress");
    }

    private static void FillBinding(JsonObject content)
    {
        Default(content["roleRef"], "apiGroup", Rbac);
        foreach (var subject in content.Items("subjects") ?? [])
        {
            if (subject.Text("kind") is "Group" or "User") Default(subject, "apiGroup", Rbac);
        }
    }

    private static void FillService(JsonObject spec)
    {
        Default(spec, "type", "ClusterIP");
        Default(spec, "sessionAffinity", "None");
        foreach (var port in spec.Items("ports") ?? [])
        {
            Default(port, "protocol", "TCP");
            if (port is JsonObject map && !map.ContainsKey("targetPort")) map["targetPort"] = map["port"]?.DeepClone();
        }
    }

    private static void Default(JsonNode? map, string field, string value)
    {
        if (map is JsonObject content && content.Text(field) is not { Length: > 0 }) content[field] = value;
    }
}
