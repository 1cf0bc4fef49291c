using System.Text.Json.Nodes;

namespace OvimSpokeAgent.Templates;

/// <summary>Turns the interfaces and networks of a VirtualMachine into the field <c>networks</c> of <c>create_vm</c>. Pure.</summary>
internal static class OpenShiftNetworks
{
    public static void Read(ManifestReader devices, IReadOnlyList<ManifestReader> networks, JsonObject fields)
    {
        var byName = new Dictionary<string, ManifestReader>(StringComparer.Ordinal);
        foreach (var network in networks) byName.TryAdd(network.Text("name") ?? "", network);
        var names = new List<string>();
        foreach (var item in devices.Items("interfaces"))
        {
            var name = item.Text("name") ?? "";
            if (item.Text("model") is { } model && model != "virtio") item.Refuse("model", "create_vm makes virtio interfaces alone");
            if (!byName.Remove(name, out var network)) item.Refuse("name", "there is no network of this name");
            else if (NetworkOf(item, network) is { } found) names.Add(found);
        }
        foreach (var network in byName.Values) network.Refuse("", "it has no interface");
        if (names.Count > 0) fields["networks"] = new JsonArray([.. names.Select(name => JsonValue.Create(name))]);
    }

    private static string? NetworkOf(ManifestReader item, ManifestReader network)
    {
        if (network.Has("pod"))
        {
            network.Section("pod");
            if (item.Has("masquerade"))
            {
                item.Section("masquerade");
                return "pod";
            }
            item.Refuse("", "create_vm connects the pod network by masquerade alone");
            return null;
        }
        var multus = network.Section("multus");
        if (multus.Text("networkName") is not { } name)
        {
            network.Refuse("", "create_vm knows the pod network and those of multus alone");
            return null;
        }
        if (item.Has("bridge"))
        {
            item.Section("bridge");
            return name;
        }
        item.Refuse("", "create_vm connects networks of multus by a bridge alone");
        return null;
    }
}
