using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.VirtualMachines;

namespace OvimSpokeAgent.Templates;

/// <summary>What is kept of a StorageProfile.</summary>
/// <param name="AccessModes">Those that disks of the class can have; none: CDI does not know.</param>
internal sealed record StorageProfileItem(AccessModes AccessModes)
{
    public static WatchSpec<StorageProfileObject, StorageProfileItem> Watch { get; } = new()
    {
        Kind = KubeVirtKinds.StorageProfile,
        Type = KubeVirtJson.Default.StorageProfileObject,
        Project = (profile, _) => Of(profile),
        IsOptional = true,
    };

    private static StorageProfileItem Of(StorageProfileObject profile)
    {
        var modes = AccessModes.None;
        foreach (var set in profile.Status?.ClaimPropertySets ?? [])
        {
            foreach (var mode in set?.AccessModes ?? []) modes |= AccessModesText.Parse(mode);
        }
        return new StorageProfileItem(modes);
    }
}
