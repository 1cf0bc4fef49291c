using OvimSpokeAgent.Capacity;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.VirtualMachines;

namespace OvimSpokeAgent.Templates;

/// <summary>
/// What of the storage that templates need this cluster has: StorageClasses, and by CDI's profiles the access modes of their disks.
/// </summary>
internal sealed class StorageOffer(
    WatchCache<StorageClassObject, StorageClassItem> classes, WatchCache<StorageProfileObject, StorageProfileItem> profiles)
{
    public IEnumerable<IWatchCacheStatus> Caches => [classes, profiles];

    public IEnumerable<IDisposable> Subscribe(Action changed) => [classes.Subscribe(_ => changed()), profiles.Subscribe(_ => changed())];

    /// <summary>The class of disks that name none; null: there is none, or no telling. Of all classes: asked once for many templates.</summary>
    public string? DefaultClass() => DefaultStorageClass.Find(classes.Items.Select(item => item.Default));

    /// <summary>What is missing for a template's disks, each with its field first.</summary>
    public IEnumerable<string> Missing(TemplateNeeds needs, string? defaultClass) =>
        needs.Disks.Select(disk => MissingClass(disk) ?? MissingMode(disk, disk.StorageClass ?? defaultClass)).OfType<string>().Distinct();

    private string? MissingClass(NeededDisk disk) =>
        disk.StorageClass is { } name && Lacks(name) ? $"{disk.Field("storage_class")}: the cluster has no StorageClass \"{name}\"" : null;

    private bool Lacks(string name) => classes.Status.LacksKind
        || (classes.Status.State is CacheState.Synced && classes.Get(NamespacedName.ClusterScoped(name)) is null);

    private string? MissingMode(NeededDisk disk, string? className)
    {
        if (className is null || profiles.Status.State is not CacheState.Synced
            || profiles.Get(NamespacedName.ClusterScoped(className)) is not { AccessModes: var known })
        {
            return null;
        }
        if (disk.AccessMode is { } wanted)
        {
            return known is AccessModes.None || known.Allow(AccessModesText.Parse(wanted)) ? null
                : $"{disk.Field("access_mode")}: disks of the StorageClass \"{className}\" cannot be \"{wanted}\", only {known.Describe()} (CDI's StorageProfile)";
        }
        return disk.IsNew && known is AccessModes.None
            ? $"{disk.Field("access_mode")}: missing, and CDI knows none for disks of the StorageClass \"{className}\" (its StorageProfile is empty)"
            : null;
    }
}
