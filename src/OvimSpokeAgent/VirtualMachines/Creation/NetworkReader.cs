using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Operations;
using OvimSpokeAgent.Validation;

namespace OvimSpokeAgent.VirtualMachines;

/// <summary>Reads the networks of a <c>create_vm</c>.</summary>
/// <param name="payload">The payload.</param>
/// <param name="vm">The VM.</param>
internal sealed class NetworkReader(PayloadReader payload, NamespacedName vm)
{
    private const int MaxNetworks = 32;
    private const string Rule = "the name of a NetworkAttachmentDefinition, or \"default\"";

    /// <summary>
    /// The networks in the order of the guest's interfaces; null stands for the pod network. <c>networks</c> says them all but
    /// for that of <c>network_name</c>; without it the pod network comes first, so that the VM is reachable in the cluster.
    /// </summary>
    public IReadOnlyList<string?> Read()
    {
        var names = payload.StringList("networks");
        if (names.Count > MaxNetworks)
        {
            payload.RejectBecause("networks", $"{names.Count} entries, expected at most {MaxNetworks}");
            return [];
        }
        var networks = new List<string?>();
        foreach (var (index, name) in names.Index())
        {
            var network = ReadName($"networks[{index}]", name);
            // KubeVirt connects a guest to it once.
            if (network is null && networks.Contains(null)) payload.Reject($"networks[{index}]", name, "allowed twice: a VM has one pod network");
            networks.Add(network);
        }
        if (names.Count == 0) networks.Add(null);
        if (payload.OptionalString("network_name") is { } more && ReadName("network_name", more) is { } one && !networks.Contains(one))
            networks.Add(one);
        return networks;
    }

    private string? ReadName(string field, string name)
    {
        if (name is "default" or "pod") return null;
        var parts = name.Split('/');
        if (parts.Length > 2 || !KubernetesNames.IsShortDnsSubdomain(parts[^1]))
            payload.Reject(field, name, Rule);
        else if (parts.Length == 2 && parts[0] != vm.Namespace)
            payload.Reject(field, name, $"a network of the VM's own namespace, \"{vm.Namespace}/NAME\"");
        return parts[^1];
    }
}
