using System.Text.Json.Nodes;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Operations;

namespace OvimSpokeAgent.VirtualDataCenters;

/// <summary>
/// Deletes a VDC: first the VMs and guests in it, then the namespace, since with that everything goes in any order, and the network
/// policies of a guest that is still shutting down must not. It is begun by a mark on the namespace, and from then on goes on
/// whatever becomes of the operation that began it. Every step is safe to repeat.
/// </summary>
internal sealed class VdcDeletion(IKubernetesApi api, VdcGuests guests)
{
    /// <summary>Marks the namespace. It carries the agent's label from then on, if it did not: a former agent made it.</summary>
    /// <param name="raw">The namespace as it was read: a change since is a conflict.</param>
    /// <param name="key">The operation.</param>
    /// <param name="cancellationToken">Cancels the request.</param>
    public Task BeginAsync(NamespaceObject raw, string key, CancellationToken cancellationToken) => api.MergePatchAsync(
        KubernetesKinds.Namespace,
        raw.Metadata.Key,
        new JsonObject
        {
            ["metadata"] = new JsonObject
            {
                ["resourceVersion"] = raw.Metadata.ResourceVersion,
                ["labels"] = new JsonObject { [WellKnownNames.ManagedByLabel] = WellKnownNames.Agent },
                ["annotations"] = new JsonObject { [WellKnownNames.DeletionAnnotation] = key },
            },
        },
        ClusterJson.Default.AnyObject,
        cancellationToken);

    /// <summary>Asks for the deletion of what is left: VMs and guests, and where none is the namespace.</summary>
    /// <returns>The names of the VMs and guests that are left.</returns>
    /// <exception cref="KubernetesApiException">Something cannot be deleted, or changed meanwhile (a conflict).</exception>
    public async Task<IReadOnlyList<string>> GoOnAsync(string ns, string uid, CancellationToken cancellationToken)
    {
        var (_, left) = await guests.DeleteAsync(ns, cancellationToken);
        if (left.Count == 0) await DeleteNamespaceAsync(ns, uid, cancellationToken);
        return left;
    }

    /// <summary>Completes when no guest is left and the deletion of the namespace is asked for.</summary>
    /// <param name="ns">The namespace.</param>
    /// <param name="context">The operation; the namespace's uid is its checkpoint.</param>
    /// <param name="cancellationToken">Ends the wait; the deletion goes on.</param>
    public async Task RunAsync(string ns, OperationContext context, CancellationToken cancellationToken)
    {
        await guests.DeleteAllAsync(ns, context, cancellationToken);
        await DeleteNamespaceAsync(ns, context.Checkpoint!, cancellationToken);
    }

    // Whoever took the mark off meanwhile ended the deletion: asked of the server, and it must not have changed since.
    private async Task DeleteNamespaceAsync(string ns, string uid, CancellationToken cancellationToken)
    {
        try
        {
            var name = NamespacedName.ClusterScoped(ns);
            var found = await api.GetAsync(KubernetesKinds.Namespace, name, ClusterJson.Default.NamespaceObject, cancellationToken);
            if (found.Metadata.Uid != uid || found.Metadata.DeletionTimestamp is not null) return;
            if (found.Metadata.Annotation(WellKnownNames.DeletionAnnotation) is null)
                throw new KubernetesApiException(ApiErrorReason.Invalid, $"the annotation {WellKnownNames.DeletionAnnotation} was taken off the namespace: it is not deleted");
            await api.DeleteAsync(
                KubernetesKinds.Namespace,
                name,
                new DeleteOptions { Uid = uid, ResourceVersion = found.Metadata.ResourceVersion, Propagation = "Background" },
                cancellationToken);
        }
        catch (KubernetesApiException e) when (e.Reason is ApiErrorReason.NotFound)
        {
            // Gone already.
        }
    }
}
