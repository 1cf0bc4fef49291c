using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Supervision;

namespace OvimSpokeAgent.VirtualDataCenters;

/// <summary>What the agent reads of a PersistentVolume.</summary>
internal sealed record PersistentVolumeObject : IKubernetesObject
{
    public ObjectMetadata Metadata { get => field ?? ObjectMetadata.None; init; }

    public PersistentVolumeSpec? Spec { get; init; }
}

internal sealed record PersistentVolumeSpec
{
    public string? PersistentVolumeReclaimPolicy { get; init; }

    public VolumeClaimReference? ClaimRef { get; init; }
}

/// <summary>The claim that a volume is or was bound to.</summary>
internal sealed record VolumeClaimReference
{
    public string? Namespace { get; init; }

    public string? Name { get; init; }
}

/// <summary>Whether the namespace of a VDC is gone, and what stays behind.</summary>
internal sealed class VdcContents(
    IKubernetesApi api,
    WatchCache<NamespaceObject, ManagedNamespace> namespaces,
    WatchCache<NamespaceObject, HubNamespace> hubNamespaces)
{
    /// <summary>Completes when the namespace with this uid is gone.</summary>
    public async Task WaitUntilGoneAsync(string ns, string uid, CancellationToken cancellationToken)
    {
        var name = NamespacedName.ClusterScoped(ns);
        var left = new AsyncSignal();
        using var ofAgent = namespaces.Subscribe(change => Wake(change.Name, change.New?.Uid));
        using var ofHub = hubNamespaces.Subscribe(change => Wake(change.Name, change.New?.Uid));
        try
        {
            while (true)
            {
                // Asked of the server: what left the cache is gone, or no longer labelled as managed, or was never in it.
                var next = left.Next;
                var found = await api.GetAsync(KubernetesKinds.Namespace, name, ClusterJson.Default.NamespaceObject, cancellationToken);
                if (found.Metadata.Uid != uid) return;
                await next.WaitAsync(cancellationToken);
            }
        }
        catch (KubernetesApiException e) when (e.Reason is ApiErrorReason.NotFound)
        {
            // Gone.
        }

        void Wake(NamespacedName changed, string? newUid)
        {
            if (changed == name && newUid != uid) left.Set();
        }
    }

    /// <summary>Volumes that the namespace's claims leave behind because their storage class says so.</summary>
    public async Task<IReadOnlyList<string>> LeftBehindAsync(string ns, CancellationToken cancellationToken)
    {
        var volumes = await api.ListAllAsync(KubernetesKinds.PersistentVolume, "", VdcJson.Default.PersistentVolumeObject, cancellationToken);
        return
        [
            .. volumes.Where(volume => volume.Spec is { PersistentVolumeReclaimPolicy: "Retain", ClaimRef: { } claim } && claim.Namespace == ns)
                .Select(volume => $"PersistentVolume {volume.Metadata.Name} of claim {volume.Spec!.ClaimRef!.Name} is kept (reclaim policy Retain)"),
        ];
    }
}
