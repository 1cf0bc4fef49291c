using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace OvimSpokeAgent.Tests.VirtualDataCenters;

/// <summary>A pod, or (with an address and no namespace) something outside the cluster.</summary>
internal sealed record Endpoint(string Namespace, IReadOnlyDictionary<string, string> Labels, string Address)
{
    public static Endpoint Pod(string ns, params (string Key, string Value)[] labels) =>
        new(ns, labels.ToDictionary(label => label.Key, label => label.Value), "10.1.2.3");

    /// <summary>The ports of its containers by name, as policies may name them.</summary>
    public IReadOnlyDictionary<string, (string Protocol, int Port)> NamedPorts { get; init; } =
        new Dictionary<string, (string, int)>();

    public static Endpoint Outside(string address) => new("", new Dictionary<string, string>(), address);
}

/// <summary>
/// Evaluates network policies as the API's documentation says: a pod that no policy of a direction selects is open in
/// that direction; else only what some rule of a selecting policy allows gets through; a connection needs both ends.
/// Written from the documentation alone, without the agent's types.
/// </summary>
internal sealed class NetworkEvaluator(IEnumerable<JsonObject> policies)
{
    private readonly IReadOnlyList<JsonElement> _policies =
        [.. policies.Select(policy => JsonElement.Parse(policy.ToJsonString()))];

    public bool Allows(Endpoint from, Endpoint to, string protocol, int port) =>
        AllowsSide("Egress", from, to, to, protocol, port) && AllowsSide("Ingress", to, from, to, protocol, port);

    private bool AllowsSide(string direction, Endpoint self, Endpoint other, Endpoint destination, string protocol, int port)
    {
        if (self.Namespace.Length == 0) return true;
        var selecting = _policies.Where(policy => Selects(policy, direction, self)).ToList();
        return selecting.Count == 0 || selecting.Any(policy => RulesOf(policy, direction)
            .Any(rule => MatchesPeers(policy, rule, direction, other) && MatchesPorts(rule, destination, protocol, port)));
    }

    private static bool Selects(JsonElement policy, string direction, Endpoint pod)
    {
        var spec = policy.GetProperty("spec");
        return NamespaceOf(policy) == pod.Namespace
            && MatchesLabels(spec.GetProperty("podSelector"), pod.Labels)
            && TypesOf(spec).Contains(direction);
    }

    // Without types: Ingress always, Egress if there are egress rules.
    private static IEnumerable<string> TypesOf(JsonElement spec) =>
        spec.TryGetProperty("policyTypes", out var types) && types.GetArrayLength() > 0
            ? types.EnumerateArray().Select(type => type.GetString()!)
            : spec.TryGetProperty("egress", out _) ? ["Ingress", "Egress"] : ["Ingress"];

    private static JsonElement[] RulesOf(JsonElement policy, string direction) =>
        policy.GetProperty("spec").TryGetProperty(direction == "Ingress" ? "ingress" : "egress", out var rules)
            ? [.. rules.EnumerateArray()]
            : [];

    private static bool MatchesPeers(JsonElement policy, JsonElement rule, string direction, Endpoint other) =>
        !rule.TryGetProperty(direction == "Ingress" ? "from" : "to", out var peers) || peers.GetArrayLength() == 0
        || peers.EnumerateArray().Any(peer => MatchesPeer(policy, peer, other));

    private static bool MatchesPeer(JsonElement policy, JsonElement peer, Endpoint other)
    {
        if (peer.TryGetProperty("ipBlock", out var block)) return MatchesBlock(block, other.Address);
        if (other.Namespace.Length == 0) return false;
        var isNamespace = peer.TryGetProperty("namespaceSelector", out var namespaces)
            // From 1.21 on every namespace has this label with its own name.
            ? MatchesLabels(namespaces, new Dictionary<string, string> { ["kubernetes.io/metadata.name"] = other.Namespace })
            : other.Namespace == NamespaceOf(policy);
        return isNamespace && (!peer.TryGetProperty("podSelector", out var pods) || MatchesLabels(pods, other.Labels));
    }

    private static bool MatchesBlock(JsonElement block, string address) =>
        IPNetwork.Parse(block.GetProperty("cidr").GetString()!).Contains(IPAddress.Parse(address))
        && !(block.TryGetProperty("except", out var except) && except.EnumerateArray()
            .Any(part => IPNetwork.Parse(part.GetString()!).Contains(IPAddress.Parse(address))));

    // The port is the one of the pod at which the connection arrives, whatever a Service in between calls it.
    private static bool MatchesPorts(JsonElement rule, Endpoint destination, string protocol, int port)
    {
        if (!rule.TryGetProperty("ports", out var ports) || ports.GetArrayLength() == 0) return true;
        return ports.EnumerateArray().Any(entry =>
            (entry.TryGetProperty("protocol", out var p) ? p.GetString() : "TCP") == protocol
            && (!entry.TryGetProperty("port", out var first)
                || (first.ValueKind is JsonValueKind.String
                    ? destination.NamedPorts.TryGetValue(first.GetString()!, out var named) && named == (protocol, port)
                    : entry.TryGetProperty("endPort", out var last)
                    ? port >= first.GetInt32() && port <= last.GetInt32()
                    : first.GetInt32() == port)));
    }

    private static bool MatchesLabels(JsonElement selector, IReadOnlyDictionary<string, string> labels)
    {
        if (selector.TryGetProperty("matchLabels", out var exact)
            && exact.EnumerateObject().Any(wanted => labels.GetValueOrDefault(wanted.Name) != wanted.Value.GetString()))
        {
            return false;
        }
        return !selector.TryGetProperty("matchExpressions", out var expressions)
            || expressions.EnumerateArray().All(expression => MatchesExpression(expression, labels));
    }

    private static bool MatchesExpression(JsonElement expression, IReadOnlyDictionary<string, string> labels)
    {
        var has = labels.TryGetValue(expression.GetProperty("key").GetString()!, out var value);
        var isIn = has && expression.TryGetProperty("values", out var values)
            && values.EnumerateArray().Any(wanted => wanted.GetString() == value);
        return expression.GetProperty("operator").GetString() switch
        {
            "In" => isIn,
            "NotIn" => !isIn,
            "Exists" => has,
            "DoesNotExist" => !has,
            var other => throw new InvalidOperationException(other),
        };
    }

    private static string NamespaceOf(JsonElement policy) =>
        policy.GetProperty("metadata").GetProperty("namespace").GetString()!;
}
