using System.Text.Json.Nodes;
using OvimSpokeAgent.Operations;
using OvimSpokeAgent.Validation;

namespace OvimSpokeAgent.VirtualDataCenters;

/// <summary>
/// A VDC's own rules. A direction is closed if one of its two fields is given (<c>deny_all_…</c>, or the list of what may
/// pass), both are by <see cref="IsIsolated"/>. What is closed still takes what is listed, and, without <c>deny_all_…</c>,
/// traffic within the namespace and DNS; <see cref="SameNamespace"/> and <see cref="Dns"/> say these two by themselves.
/// </summary>
internal sealed record CustomNetwork
{
    private const int MaxEntries = 100;
    private const string Type = "policy_type";
    private const string Isolate = "isolate";
    private const string AllowAll = "allow-all";
    private const string AllowSameNamespace = "allow_same_namespace";
    private const string AllowDns = "allow_dns";
    private const string AllowNamespaces = "allow_ingress_from_namespaces";
    private const string AllowPorts = "allow_egress_to_ports";
    private const string DenyIngress = "deny_all_ingress";
    private const string DenyEgress = "deny_all_egress";

    /// <summary>The fields that are true or false.</summary>
    public static readonly IReadOnlySet<string> Flags = new HashSet<string> { AllowSameNamespace, AllowDns, DenyIngress, DenyEgress };

    /// <summary>The fields that list something.</summary>
    public static readonly IReadOnlySet<string> Lists = new HashSet<string> { AllowNamespaces, AllowPorts };

    /// <summary>Whether a field lists numbers.</summary>
    public static bool IsNumbers(string field) => field == AllowPorts;

    /// <summary>Everything is closed, in both directions, but for what is allowed.</summary>
    public bool IsIsolated { get; init; }

    /// <summary>Nothing is closed by what is not said.</summary>
    public bool IsOpen { get; init; }

    /// <summary>Traffic within the namespace where a direction is closed; null: unless all of it is denied.</summary>
    public bool? SameNamespace { get; init; }

    /// <summary>The cluster's DNS where egress is closed; null: unless all of it is denied.</summary>
    public bool? Dns { get; init; }

    public IReadOnlyList<string> IngressNamespaces { get; init; } = [];

    /// <summary>TCP and UDP ports, to anywhere.</summary>
    public IReadOnlyList<int> EgressPorts { get; init; } = [];

    public bool DenyAllIngress { get; init; }

    public bool DenyAllEgress { get; init; }

    public bool RestrictsIngress => IsIsolated || DenyAllIngress || IngressNamespaces.Count > 0;

    public bool RestrictsEgress => IsIsolated || DenyAllEgress || EgressPorts.Count > 0;

    public bool TakesFromSameNamespace => SameNamespace ?? !DenyAllIngress;

    public bool ReachesSameNamespace => SameNamespace ?? !DenyAllEgress;

    public bool ReachesDns => Dns ?? !DenyAllEgress;

    /// <summary>Whether it says that something is closed.</summary>
    public bool Closes => RestrictsIngress || RestrictsEgress || SameNamespace is false || Dns is false;

    /// <summary>Whether it says nothing that <see cref="NetworkMode.Isolated"/> does not do anyway.</summary>
    public bool IsWithinIsolation => this with { IsIsolated = false } is { Closes: false };

    /// <summary>
    /// With both directions closed where no direction is, unless everything is allowed in so many words: hubs send
    /// <c>custom</c> without saying what.
    /// </summary>
    public CustomNetwork OrClosed() =>
        RestrictsIngress || RestrictsEgress || (IsOpen && !Closes) ? this : this with { IsIsolated = true, IsOpen = false };

    /// <summary>Reads the fields; any other is refused by name, since ignoring it could open what was meant closed.</summary>
    public static CustomNetwork Read(PayloadReader config)
    {
        config.RejectOthersThan(
            AllowNamespaces, AllowPorts, DenyIngress, DenyEgress, Type, AllowSameNamespace, AllowDns);
        var type = config.OptionalString(Type);
        if (type is not (null or Isolate or AllowAll)) config.Reject(Type, type, $"one of {AllowAll}, {Isolate}");
        var namespaces = config.StringList(AllowNamespaces);
        foreach (var (index, ns) in namespaces.Index())
        {
            if (!KubernetesNames.IsDnsLabel(ns))
                config.Reject($"{AllowNamespaces}[{index}]", ns, $"the name of a namespace: {KubernetesNames.DnsLabelRule}");
        }
        var ports = config.IntList(AllowPorts, 1, 65535);
        RejectTooMany(config, AllowNamespaces, namespaces.Count);
        RejectTooMany(config, AllowPorts, ports.Count);
        return new CustomNetwork
        {
            IsIsolated = type == Isolate,
            IsOpen = type == AllowAll,
            SameNamespace = config.OptionalBool(AllowSameNamespace),
            Dns = config.OptionalBool(AllowDns),
            IngressNamespaces = [.. namespaces.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)],
            EgressPorts = [.. ports.Distinct().Order()],
            DenyAllIngress = config.OptionalBool(DenyIngress) ?? false,
            DenyAllEgress = config.OptionalBool(DenyEgress) ?? false,
        };
    }

    /// <summary>As <see cref="Read"/> takes it.</summary>
    public JsonObject ToJson()
    {
        var config = new JsonObject();
        if (IsIsolated || IsOpen) config[Type] = IsIsolated ? Isolate : AllowAll;
        if (SameNamespace is { } sameNamespace) config[AllowSameNamespace] = sameNamespace;
        if (Dns is { } dns) config[AllowDns] = dns;
        if (DenyAllIngress) config[DenyIngress] = true;
        if (DenyAllEgress) config[DenyEgress] = true;
        if (IngressNamespaces.Count > 0) config[AllowNamespaces] = new JsonArray([.. IngressNamespaces]);
        if (EgressPorts.Count > 0) config[AllowPorts] = new JsonArray([.. EgressPorts]);
        return config;
    }

    private static void RejectTooMany(PayloadReader config, string field, int count)
    {
        if (count > MaxEntries) config.RejectBecause(field, $"{count} entries, expected at most {MaxEntries}");
    }
}
