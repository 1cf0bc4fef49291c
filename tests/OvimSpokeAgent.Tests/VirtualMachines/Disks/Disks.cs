using System.Text.Json;
using OvimSpokeAgent.VirtualMachines;

namespace OvimSpokeAgent.Tests.VirtualMachines;

/// <summary>The disks of a VM as the agent sees them, from the objects as the API server has them.</summary>
internal static class Disks
{
    public static IReadOnlyList<DiskState> Of(
        JsonElement vm, JsonElement? vmi, IEnumerable<JsonElement> volumes, IEnumerable<JsonElement> claims, bool isComplete = true)
    {
        var machine = VirtualMachineItem.From(vm.Deserialize(KubeVirtJson.Default.VirtualMachineObject)!, default).Disks.All;
        var guest = vmi is null ? [] : VirtualMachineInstanceItem.From(vmi.Value.Deserialize(KubeVirtJson.Default.VirtualMachineInstanceObject)!, default).Disks.All;
        var knownVolumes = volumes.Select(volume => DataVolumeItem.From(volume.Deserialize(KubeVirtJson.Default.DataVolumeObject)!, default)).ToDictionary(volume => volume.Name.Name);
        var knownClaims = claims.Select(claim => claim.Deserialize(KubeVirtJson.Default.ClaimObject)!).ToDictionary(claim => claim.Metadata.Name, claim => ClaimItem.From(claim, default));
        return
        [
            .. machine.Concat(guest).DistinctBy(disk => disk.Claim).Select(disk => DiskCaches.Of(
                disk, guest.FirstOrDefault(one => one.Claim == disk.Claim)?.Size,
                knownVolumes.GetValueOrDefault(disk.Claim), knownClaims.GetValueOrDefault(disk.Claim), isComplete)),
        ];
    }
}
