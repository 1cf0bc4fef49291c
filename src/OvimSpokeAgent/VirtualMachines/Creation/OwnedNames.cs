using OvimSpokeAgent.Operations;

namespace OvimSpokeAgent.VirtualMachines;

/// <summary>
/// Names of what is made with a VM. They carry a part of the operation's key, so that one that exists already is this
/// operation's, and two VMs of one template, or one after the other of one name, never share anything.
/// </summary>
internal static class OwnedNames
{
    // KubeVirt makes the pod's volume "SECRET-access-cred" of a Secret with SSH keys, CDI the pod "importer-VOLUME", the service
    // "cdi-upload-VOLUME" and the claim "VOLUME-scratch" of a DataVolume: DNS labels, of 63 characters.
    private const int MaxLength = 51;
    private const int KeyLength = 20;

    public static string UserData(VirtualMachineRequest request, OperationKey key) => Of(request, "userdata", key);

    public static string NetworkData(VirtualMachineRequest request, OperationKey key) => Of(request, "networkdata", key);

    public static string SshKeys(VirtualMachineRequest request, OperationKey key) => Of(request, "ssh-keys", key);

    public static string Sysprep(VirtualMachineRequest request, OperationKey key) => Of(request, "sysprep", key);

    /// <summary>The DataVolume of the disk at this place.</summary>
    public static string DataVolume(VirtualMachineRequest request, int disk, OperationKey key) =>
        Of(request, disk == 0 ? DiskRequest.Root : $"disk{disk}", key);

    // A DNS label for every name of a VM: those may have dots, and be longer.
    private static string Of(VirtualMachineRequest request, string what, OperationKey key)
    {
        var suffix = $"-{what}-{key.Value[^KeyLength..]}";
        var name = request.Name.Name.Replace('.', '-');
        return name[..Math.Min(name.Length, MaxLength - suffix.Length)].TrimEnd('-') + suffix;
    }
}
