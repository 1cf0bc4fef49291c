using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.VirtualMachines;

namespace OvimSpokeAgent.Templates;

/// <summary>
/// Whether KubeVirt, as it is installed, takes what templates ask of it. Facts of its versions: LiveMigrateIfPossible since 1.0
/// (kubevirt/kubevirt#9798), SSH keys on NoCloud disks since 1.1 (#10231), CPUs other than its own since 1.0 by the feature gate
/// MultiArchitecture, which 1.8 does away with (pkg/virt-config/featuregate).
/// </summary>
internal sealed class KubeVirtOffer(
    IWatchCacheStatus virtualMachines, WatchCache<KubeVirtObject, KubeVirtInstallation> installations)
{
    private static readonly Version One = new(1, 0);
    private static readonly Version SshKeysOnNoCloud = new(1, 1);
    private static readonly Version WithoutMultiArchitecture = new(1, 8);

    public IEnumerable<IWatchCacheStatus> Caches => [virtualMachines, installations];

    public IEnumerable<IDisposable> Subscribe(Action changed) => [installations.Subscribe(_ => changed())];

    /// <summary>What is missing, each with its field first.</summary>
    public IEnumerable<string> Missing(TemplateNeeds needs)
    {
        if (virtualMachines.Status.LacksKind) return [$"KubeVirt is not installed on this cluster: the API server has no {virtualMachines.Kind}"];
        // KubeVirt takes one installation in a cluster alone.
        return installations.Status.State is CacheState.Synced && installations.Items.ToList() is [{ Version: { } version } installed]
            ? Missing(needs, installed, version)
            : [];
    }

    private static IEnumerable<string> Missing(TemplateNeeds needs, KubeVirtInstallation installed, Version version)
    {
        if (needs.SshKeysOnNoCloud && version < SshKeysOnNoCloud)
        {
            yield return $"ssh_keys: KubeVirt {installed.VersionText} gives keys on a config drive alone (\"cloud_init_type\": \"configdrive\"), "
                + "on NoCloud disks from v1.1 on";
        }
        if (needs.EvictionStrategy is "LiveMigrateIfPossible" && version < One)
            yield return $"eviction_strategy: KubeVirt {installed.VersionText} has no \"{needs.EvictionStrategy}\", which is there from v1.0 on";
        if (needs.Architecture is { } wanted && installed.Architecture is { } own && wanted != own && version < WithoutMultiArchitecture
            && !installed.HasMultiArchitecture)
        {
            yield return $"architecture: KubeVirt {installed.VersionText} takes \"{wanted}\" beside its own {own} with its feature gate "
                + "MultiArchitecture alone, which is off";
        }
    }
}
