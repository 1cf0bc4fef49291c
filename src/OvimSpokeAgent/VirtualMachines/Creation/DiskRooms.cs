using System.Globalization;
using System.Text.Json.Serialization.Metadata;
using OvimSpokeAgent.Cluster;

namespace OvimSpokeAgent.VirtualMachines;

/// <summary>
/// Asks the cluster what CDI will take for new disks. What it does not say is taken as it usually is: a file system, with the usual
/// overhead, and a second claim while it is filled.
/// </summary>
internal sealed class DiskRooms(IKubernetesApi api)
{
    /// <summary>What the new disks of a VM take.</summary>
    public async Task<DiskRoom> OfAsync(VirtualMachineRequest request, CancellationToken cancellationToken)
    {
        var disks = request.Disks.Where(disk => disk.IsNew).ToList();
        if (disks.Count == 0) return default;
        var config = await FindAsync(KubeVirtKinds.CdiConfig, "config", KubeVirtJson.Default.CdiConfigObject, cancellationToken);
        var classes = await ListClassesAsync(cancellationToken);
        var usual = DefaultStorageClass.Find((classes ?? []).Select(one => DefaultStorageClass.Of(one.Metadata)));
        var (room, known) = (default(DiskRoom), new Dictionary<string, (bool HasPopulator, StorageProfileStatus? Profile)>());
        foreach (var disk in disks)
        {
            var name = disk.StorageClass ?? usual ?? "";
            if (!known.TryGetValue(name, out var found)) known[name] = found = await LookAtAsync(name, classes, cancellationToken);
            var overhead = found.Profile?.IsBlock(disk.AccessMode) is true ? 0 : OverheadOf(config.Found?.Status?.FilesystemOverhead, name);
            room = room.With(disk, request.Name.Namespace, overhead, found.HasPopulator);
        }
        return room;
    }

    private async Task<(bool HasPopulator, StorageProfileStatus? Profile)> LookAtAsync(
        string name, IReadOnlyList<StorageClassObject>? classes, CancellationToken cancellationToken)
    {
        if (classes is null) return (true, null);
        if (classes.FirstOrDefault(one => one.Metadata.Name == name)?.Provisioner is not { Length: > 0 } provisioner) return (false, null);
        var driver = await FindAsync(KubernetesKinds.CsiDriver, provisioner, ClusterJson.Default.AnyObject, cancellationToken);
        var profile = await FindAsync(KubeVirtKinds.StorageProfile, name, KubeVirtJson.Default.StorageProfileObject, cancellationToken);
        return (driver.Found is not null || !driver.IsKnown, profile.Found?.Status);
    }

    private static decimal OverheadOf(FilesystemOverhead? overhead, string storageClass)
    {
        var text = overhead?.StorageClass is { } own && own.TryGetValue(storageClass, out var known) ? known : overhead?.Global;
        return decimal.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var share) && share is >= 0 and < 1
            ? share
            : DiskRoom.UsualOverhead;
    }

    private async Task<IReadOnlyList<StorageClassObject>?> ListClassesAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await api.ListAllAsync(KubernetesKinds.StorageClass, "", KubeVirtJson.Default.StorageClassObject, cancellationToken);
        }
        catch (KubernetesApiException e) when (IsUnknown(e))
        {
            return null;
        }
    }

    private static bool IsUnknown(KubernetesApiException e) => e.Reason is ApiErrorReason.Forbidden or ApiErrorReason.NoKindMatch or ApiErrorReason.Unreadable;

    // What the agent may not see, or cannot read, is not known.
    private async Task<(T? Found, bool IsKnown)> FindAsync<T>(
        ResourceKind kind, string name, JsonTypeInfo<T> type, CancellationToken cancellationToken)
        where T : class
    {
        try
        {
            return (await api.FindAsync(kind, NamespacedName.ClusterScoped(name), type, cancellationToken), true);
        }
        catch (KubernetesApiException e) when (IsUnknown(e))
        {
            return (null, false);
        }
    }
}
