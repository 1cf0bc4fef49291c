using System.Text.Json;
using System.Text.Json.Serialization;

namespace OvimSpokeAgent.VirtualDataCenters;

/// <summary>What the agent reads of a NetworkPolicy's spec (networking.k8s.io/v1).</summary>
internal sealed record NetworkPolicySpec
{
    /// <summary>Lets everything through, both ways.</summary>
    public static readonly NetworkPolicySpec AllowAll = new()
    {
        PodSelector = new LabelSelector(),
        PolicyTypes = ["Ingress", "Egress"],
        Ingress = [new NetworkPolicyRule()],
        Egress = [new NetworkPolicyRule()],
    };

    /// <summary>Null selects nothing, an empty selector every pod of the namespace.</summary>
    public LabelSelector? PodSelector { get; init; }

    public IReadOnlyList<string>? PolicyTypes { get; init; }

    public IReadOnlyList<NetworkPolicyRule>? Ingress { get; init; }

    public IReadOnlyList<NetworkPolicyRule>? Egress { get; init; }
}

/// <summary>One rule; it has <see cref="From"/> or <see cref="To"/> by its direction.</summary>
internal sealed record NetworkPolicyRule
{
    public IReadOnlyList<NetworkPolicyPeer>? From { get; init; }

    public IReadOnlyList<NetworkPolicyPeer>? To { get; init; }

    public IReadOnlyList<NetworkPolicyPort>? Ports { get; init; }

    /// <summary>Where to or from; empty: everywhere.</summary>
    [JsonIgnore]
    public IReadOnlyList<NetworkPolicyPeer> Peers => From ?? To ?? [];
}

internal sealed record NetworkPolicyPeer
{
    public LabelSelector? PodSelector { get; init; }

    /// <summary>Null: the policy's own namespace.</summary>
    public LabelSelector? NamespaceSelector { get; init; }

    public IpBlock? IpBlock { get; init; }
}

internal sealed record IpBlock
{
    public string Cidr { get => field ?? ""; init; }

    public IReadOnlyList<string>? Except { get; init; }
}

internal sealed record NetworkPolicyPort
{
    public string Protocol { get => field ?? "TCP"; init; }

    /// <summary>A number, or the name of a container's port; null: all.</summary>
    public JsonElement? Port { get; init; }

    public int? EndPort { get; init; }
}

/// <summary><c>meta/v1</c> LabelSelector.</summary>
internal sealed record LabelSelector
{
    public IReadOnlyDictionary<string, string>? MatchLabels { get; init; }

    public IReadOnlyList<LabelRequirement>? MatchExpressions { get; init; }

    [JsonIgnore]
    public bool SelectsAll => MatchLabels is not { Count: > 0 } && MatchExpressions is not { Count: > 0 };
}

internal sealed record LabelRequirement
{
    public string Key { get => field ?? ""; init; }

    public string Operator { get => field ?? ""; init; }

    public IReadOnlyList<string>? Values { get; init; }
}
