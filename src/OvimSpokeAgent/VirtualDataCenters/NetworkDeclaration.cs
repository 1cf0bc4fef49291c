using System.Text.Json.Nodes;
using OvimSpokeAgent.Operations;
using OvimSpokeAgent.Validation;

namespace OvimSpokeAgent.VirtualDataCenters;

/// <summary>How a VDC is cut off from the rest of the network.</summary>
internal enum NetworkMode
{
    /// <summary>Not at all.</summary>
    Default,

    /// <summary>Traffic within the namespace, DNS, what KubeVirt and CDI need; nothing from or to other tenants.</summary>
    Isolated,

    /// <summary>As <see cref="CustomNetwork"/> says.</summary>
    Custom,
}

/// <summary>
/// A VDC's own rules. A direction is restricted if one of its two fields is given: <c>deny_all_…</c> closes it, the
/// other opens what it lists. Without <c>deny_all_…</c> traffic within the namespace stays open as well, and with
/// listed ports DNS too.
/// </summary>
internal sealed record CustomNetwork
{
    public IReadOnlyList<string> IngressNamespaces { get; init; } = [];

    /// <summary>TCP and UDP ports, to anywhere.</summary>
    public IReadOnlyList<int> EgressPorts { get; init; } = [];

    public bool DenyAllIngress { get; init; }

    public bool DenyAllEgress { get; init; }

    public bool RestrictsIngress => DenyAllIngress || IngressNamespaces.Count > 0;

    public bool RestrictsEgress => DenyAllEgress || EgressPorts.Count > 0;
}

/// <summary>What is declared of a VDC's network.</summary>
internal sealed record NetworkDeclaration
{
    public const string PolicyField = "network_policy";
    public const string CustomField = "custom_network_config";

    private const int MaxEntries = 100;

    public NetworkMode Mode { get; init; }

    /// <summary>Set exactly where the mode is <see cref="NetworkMode.Custom"/>.</summary>
    public CustomNetwork? Custom { get; init; }

    /// <summary>Reads both fields.</summary>
    /// <param name="payload">The payload.</param>
    /// <param name="isWhole">Whether it is a whole declaration, so that the fields must fit together.</param>
    public static NetworkDeclaration Read(PayloadReader payload, bool isWhole)
    {
        var errorsBefore = payload.Errors.Count;
        var mode = ReadMode(payload);
        var custom = ReadCustom(payload.Section(CustomField));
        if (!isWhole || payload.Errors.Count > errorsBefore) return new() { Mode = mode };
        var restricts = custom.RestrictsIngress || custom.RestrictsEgress;
        if (mode is NetworkMode.Custom && !restricts)
        {
            payload.RejectMissing(CustomField,
                "what to restrict, since network_policy is custom (deny_all_ingress, deny_all_egress, "
                + "allow_ingress_from_namespaces, allow_egress_to_ports)");
        }
        if (mode is not NetworkMode.Custom && restricts)
            payload.RejectBecause(CustomField, $"it counts only with {PolicyField} \"custom\", expected that or no such field");
        return new NetworkDeclaration { Mode = mode, Custom = mode is NetworkMode.Custom ? custom : null };
    }

    /// <summary>Writes both fields as <see cref="Read"/> takes them.</summary>
    public void WriteTo(JsonObject json)
    {
        if (Mode is not NetworkMode.Default) json[PolicyField] = Mode is NetworkMode.Isolated ? "isolated" : "custom";
        if (Custom is not { } custom) return;
        var config = new JsonObject();
        if (custom.DenyAllIngress) config["deny_all_ingress"] = true;
        if (custom.DenyAllEgress) config["deny_all_egress"] = true;
        if (custom.IngressNamespaces.Count > 0)
            config["allow_ingress_from_namespaces"] = new JsonArray([.. custom.IngressNamespaces]);
        if (custom.EgressPorts.Count > 0) config["allow_egress_to_ports"] = new JsonArray([.. custom.EgressPorts]);
        json[CustomField] = config;
    }

    private static NetworkMode ReadMode(PayloadReader payload)
    {
        switch (payload.OptionalString(PolicyField))
        {
            case null or "default":
                return NetworkMode.Default;
            case "isolated":
                return NetworkMode.Isolated;
            case "custom":
                return NetworkMode.Custom;
            case var other:
                payload.Reject(PolicyField, other, "one of default, isolated, custom");
                return NetworkMode.Default;
        }
    }

    private static CustomNetwork ReadCustom(PayloadReader config)
    {
        config.RejectOthersThan(
            "allow_ingress_from_namespaces", "allow_egress_to_ports", "deny_all_ingress", "deny_all_egress");
        var namespaces = config.StringList("allow_ingress_from_namespaces");
        foreach (var (index, ns) in namespaces.Index())
        {
            if (!KubernetesNames.IsDnsLabel(ns))
                config.Reject($"allow_ingress_from_namespaces[{index}]", ns, $"the name of a namespace: {KubernetesNames.DnsLabelRule}");
        }
        var ports = config.IntList("allow_egress_to_ports", 1, 65535);
        RejectTooMany(config, "allow_ingress_from_namespaces", namespaces.Count);
        RejectTooMany(config, "allow_egress_to_ports", ports.Count);
        return new CustomNetwork
        {
            IngressNamespaces = [.. namespaces.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)],
            EgressPorts = [.. ports.Distinct().Order()],
            DenyAllIngress = config.OptionalBool("deny_all_ingress") ?? false,
            DenyAllEgress = config.OptionalBool("deny_all_egress") ?? false,
        };
    }

    private static void RejectTooMany(PayloadReader config, string field, int count)
    {
        if (count > MaxEntries) config.RejectBecause(field, $"{count} entries, expected at most {MaxEntries}");
    }
}
