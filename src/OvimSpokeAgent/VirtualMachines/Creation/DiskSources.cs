using OvimSpokeAgent.Cluster;

namespace OvimSpokeAgent.VirtualMachines;

/// <summary>
/// Looks at the cluster for what a VM's disks are made of: whether CDI is there, whether a claim exists, and whether CDI would let
/// it be cloned. So the hub's user is told at once, and by the field, what KubeVirt would tell later, and on a VM that is useless.
/// </summary>
internal sealed class DiskSources(IKubernetesApi api, AccessReviews reviews)
{
    /// <summary>The request with its sources as they are on the cluster, or why one of them cannot be had.</summary>
    public async Task<(VirtualMachineRequest Request, string? Refusal)> ResolveAsync(
        VirtualMachineRequest request, CancellationToken cancellationToken)
    {
        var disks = new List<DiskRequest>();
        bool? hasImporter = null; // asked once, and only if it matters: CDI comes and goes
        foreach (var disk in request.Disks)
        {
            if (disk.Source is not DiskSource.Container) hasImporter ??= await api.IsServedAsync(KubeVirtKinds.DataVolume, cancellationToken);
            var (found, refusal) = disk.Source switch
            {
                _ when disk.IsNew && hasImporter is false => (disk, MissingImporter(disk)),
                DiskSource.Copy clone => (disk, await GetCloneRefusalAsync(disk, clone, request.Name, cancellationToken)),
                DiskSource.Claim claim => await FindAsync(disk, claim, request.Name.Namespace, hasImporter is true, cancellationToken),
                _ => (disk, null),
            };
            if (refusal is not null) return (request, refusal);
            disks.Add(found);
        }
        return (request with { Disks = disks }, null);
    }

    private static string MissingImporter(DiskRequest disk) =>
        $"{disk.Field}: disk \"{disk.Name}\" is to be made anew ({Describe(disk)}), which takes CDI (Containerized Data Importer); it is not "
        + $"installed on this cluster: the API server has no {KubeVirtKinds.DataVolume}";

    private static string Describe(DiskRequest disk) => disk.Source switch
    {
        DiskSource.Import import => $"import of {Validation.JsonText.Shorten(import.Url)}",
        DiskSource.Copy clone => $"copy of {clone.Namespace}/{clone.Name}",
        _ => "empty",
    };

    // A disk that is being filled is there as a DataVolume before it is as a claim, and KubeVirt waits for that alone.
    private async Task<(DiskRequest Disk, string? Refusal)> FindAsync(
        DiskRequest disk, DiskSource.Claim claim, string ns, bool hasImporter, CancellationToken cancellationToken)
    {
        var name = new NamespacedName(ns, claim.Name);
        if (hasImporter && await IsThereAsync(KubeVirtKinds.DataVolume, name, cancellationToken) is true)
            return (disk with { Source = new DiskSource.Volume(claim.Name) }, null);
        return await IsThereAsync(KubernetesKinds.PersistentVolumeClaim, name, cancellationToken) is false
            ? (disk, $"{disk.Field}: disk \"{disk.Name}\" names {name}, but there is no such PersistentVolumeClaim or DataVolume")
            : (disk, null);
    }

    // Null: the agent may not look. Then KubeVirt's word counts.
    private async Task<bool?> IsThereAsync(ResourceKind kind, NamespacedName name, CancellationToken cancellationToken)
    {
        try
        {
            return await api.FindAsync(kind, name, ClusterJson.Default.AnyObject, cancellationToken) is not null;
        }
        catch (KubernetesApiException e) when (e.Reason is ApiErrorReason.Forbidden)
        {
            return null;
        }
        catch (KubernetesApiException e) when (e.Reason is ApiErrorReason.NoKindMatch)
        {
            return false; // it went just now
        }
    }

    /// <summary>
    /// What KubeVirt asks before it clones a disk of another namespace (CDI, pkg/apis/core/v1beta1/authorize.go): whether the
    /// default ServiceAccount of the VM's namespace may. The rights are given in the disk's namespace, by whoever it belongs to.
    /// </summary>
    private async Task<string?> GetCloneRefusalAsync(
        DiskRequest disk, DiskSource.Copy clone, NamespacedName vm, CancellationToken cancellationToken)
    {
        var account = new NamespacedName(vm.Namespace, "default");
        try
        {
            if (clone.Namespace == vm.Namespace
                || await reviews.IsAllowedToAsync(account, Create(KubeVirtKinds.DataVolume, "source"), cancellationToken)
                || await reviews.IsAllowedToAsync(account, Create(KubernetesKinds.Pod), cancellationToken))
            {
                var (_, missing) = await FindAsync(disk, new DiskSource.Claim(clone.Name), clone.Namespace, hasImporter: true, cancellationToken);
                return missing;
            }
        }
        catch (KubernetesApiException e) when (e.Reason is ApiErrorReason.Forbidden)
        {
            return null; // the agent may not ask; KubeVirt does, before it clones anything
        }
        // A server that starts denies everything, to the agent, too.
        if (!await reviews.IsAllowedAsync(new NeededPermission("create", KubeVirtKinds.VirtualMachine, vm.Namespace), cancellationToken))
            throw new KubernetesApiException(ApiErrorReason.Unavailable, "the API server denies access for now: it may have just started");
        return $"{disk.Field}: disk \"{disk.Name}\": not authorized to clone {clone.Namespace}/{clone.Name}: User {AccessReviews.UserOf(account)} has insufficient "
            + $"permissions in clone source namespace {clone.Namespace} (create {KubeVirtKinds.DataVolume.Plural}/source, given there)";

        NeededPermission Create(ResourceKind kind, string subresource = "") =>
            new("create", kind, clone.Namespace, subresource, clone.Name);
    }
}
