using System.Text;
using System.Text.Json.Nodes;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Operations;

namespace OvimSpokeAgent.VirtualMachines;

/// <summary>Turns what a guest reads at its start into volumes and Secrets. Pure.</summary>
internal static class GuestManifests
{
    private const string EmptyCloudConfig = "#cloud-config\n";

    /// <summary>The devices that hold it.</summary>
    public static IEnumerable<JsonNode> Devices(GuestData guest)
    {
        if (guest.HasCloudInit) yield return DiskManifests.Device(GuestData.VolumeName);
        // Windows looks for its answer file on drives that can be taken out, and has no driver but for SATA yet.
        if (guest.Sysprep.Count > 0)
            yield return new JsonObject { ["name"] = GuestData.SysprepVolumeName, ["cdrom"] = new JsonObject { ["bus"] = "sata" } };
    }

    /// <summary>The volumes of <see cref="Devices"/>.</summary>
    public static IEnumerable<JsonNode> Volumes(VirtualMachineRequest request, OperationKey key)
    {
        var guest = request.Guest;
        if (guest.HasCloudInit)
        {
            yield return new JsonObject
            {
                ["name"] = GuestData.VolumeName,
                [guest.IsConfigDrive ? "cloudInitConfigDrive" : "cloudInitNoCloud"] = CloudInit(request, key),
            };
        }
        if (guest.Sysprep.Count > 0)
        {
            yield return new JsonObject
            {
                ["name"] = GuestData.SysprepVolumeName,
                ["sysprep"] = new JsonObject { ["secret"] = Named(OwnedNames.Sysprep(request, key)) },
            };
        }
    }

    /// <summary>
    /// KubeVirt puts the keys into the metadata beside the user data. That works with user data of any format, and the user's
    /// text need not be parsed and written anew. Null: there are no keys.
    /// </summary>
    public static JsonArray? SshAccess(VirtualMachineRequest request, OperationKey key)
    {
        if (request.Guest.SshKeys.Count == 0) return null;
        return new JsonArray(new JsonObject
        {
            ["sshPublicKey"] = new JsonObject
            {
                ["source"] = new JsonObject { ["secret"] = new JsonObject { ["secretName"] = OwnedNames.SshKeys(request, key) } },
                ["propagationMethod"] = new JsonObject { [request.Guest.IsConfigDrive ? "configDrive" : "noCloud"] = new JsonObject() },
            },
        });
    }

    /// <summary>
    /// The Secrets that the VM refers to, owned by it: data too long or too secret for the VM itself, SSH keys, answer files. They
    /// are made after the VM, whose uid they carry: nothing is left over if the VM is refused, and if they are, it goes again and
    /// has never run. By their names one that exists already is this operation's, and the agent needs no right to read other
    /// people's Secrets to find that out.
    /// </summary>
    public static IEnumerable<JsonObject> Secrets(VirtualMachineRequest request, OperationKey key, string vmUid)
    {
        var guest = request.Guest;
        if (guest.UserDataNeedsSecret) yield return Of(OwnedNames.UserData(request, key), [("userdata", guest.UserData!)]);
        if (guest.NetworkDataNeedsSecret) yield return Of(OwnedNames.NetworkData(request, key), [("networkdata", guest.NetworkData!)]);
        if (guest.SshKeys.Count > 0)
            yield return Of(OwnedNames.SshKeys(request, key), guest.SshKeys.Index().Select(k => ($"key{k.Index}", k.Item)));
        if (guest.Sysprep.Count > 0) yield return Of(OwnedNames.Sysprep(request, key), guest.Sysprep.Select(file => (file.Key, file.Value)));

        JsonObject Of(string name, IEnumerable<(string Key, string Text)> entries) => Secret(request, key, vmUid, name, entries);
    }

    private static JsonObject CloudInit(VirtualMachineRequest request, OperationKey key)
    {
        var guest = request.Guest;
        var data = new JsonObject();
        if (guest.UserDataNeedsSecret) data["secretRef"] = Named(OwnedNames.UserData(request, key));
        else if (guest.UserData is not null) data["userData"] = guest.UserData;
        if (guest.NetworkDataNeedsSecret) data["networkDataSecretRef"] = Named(OwnedNames.NetworkData(request, key));
        else if (guest.NetworkData is not null) data["networkData"] = guest.NetworkData;
        // The disk must hold something for the keys to be beside.
        if (data.Count == 0) data["userData"] = EmptyCloudConfig;
        return data;
    }

    private static JsonObject Named(string name) => new() { ["name"] = name };

    private static JsonObject Secret(
        VirtualMachineRequest request, OperationKey key, string vmUid, string name, IEnumerable<(string Key, string Text)> entries)
    {
        var data = new JsonObject();
        foreach (var (entry, text) in entries) data[entry] = Convert.ToBase64String(Encoding.UTF8.GetBytes(text));
        var metadata = OwnedMetadata.OfPart(request, name, key);
        metadata["ownerReferences"] = new JsonArray(new JsonObject
        {
            ["apiVersion"] = KubeVirtKinds.VirtualMachine.ApiVersion,
            ["kind"] = KubeVirtKinds.VirtualMachine.Kind,
            ["name"] = request.Name.Name,
            ["uid"] = vmUid,
        });
        return new JsonObject
        {
            ["apiVersion"] = KubernetesKinds.Secret.ApiVersion,
            ["kind"] = KubernetesKinds.Secret.Kind,
            ["metadata"] = metadata,
            ["type"] = "Opaque",
            ["data"] = data,
        };
    }
}
