using System.Text.Json.Nodes;
using OvimSpokeAgent.Cluster;

namespace OvimSpokeAgent.VirtualDataCenters;

/// <summary>
/// Ends the takeover of a VDC of a former agent: what that one made there under other names goes, once everything is there that is
/// declared; then its label on the namespace, which says that something of it is left. Safe to repeat.
/// </summary>
internal sealed class Takeover(IKubernetesApi api, VdcObjects objects)
{
    private static readonly ResourceKind[] Kinds =
        [KubernetesKinds.RoleBinding, KubernetesKinds.NetworkPolicy, KubernetesKinds.ResourceQuota, KubernetesKinds.LimitRange];

    /// <summary>Whether something of a former agent may be left.</summary>
    public static bool IsOpen(IReadOnlyDictionary<string, string> labels) => labels.ContainsKey(OtherOwners.FormerLabel);

    /// <summary>Removes it. The caller holds the namespace, and saw all that is declared in it.</summary>
    public async Task EndAsync(string ns, CancellationToken cancellationToken)
    {
        foreach (var kind in Kinds)
        {
            var made = await api.ListAllAsync(
                kind, ns, ClusterJson.Default.AnyObject, cancellationToken, OtherOwners.FormerSelector, AnyObject.Bounded);
            // Those of the agent's own names are its own by now.
            foreach (var item in made.Where(item => item.Metadata.Label(WellKnownNames.ManagedByLabel) != WellKnownNames.Agent))
                await objects.RemoveAsync(kind, item.Metadata.Key, item.Metadata.Uid, cancellationToken);
        }
        await api.MergePatchAsync(
            KubernetesKinds.Namespace,
            NamespacedName.ClusterScoped(ns),
            new JsonObject { ["metadata"] = new JsonObject { ["labels"] = new JsonObject { [OtherOwners.FormerLabel] = null } } },
            ClusterJson.Default.AnyObject,
            cancellationToken);
    }
}
