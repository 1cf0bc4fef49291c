using System.Text;
using System.Text.Json.Nodes;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Operations;

namespace OvimSpokeAgent.VirtualMachines;

/// <summary>Turns a valid request into KubeVirt's objects. Pure.</summary>
internal static class VirtualMachineManifest
{
    private const string EmptyCloudConfig = "#cloud-config\n";

    // KubeVirt makes the pod's volume "SECRET-access-cred" of a Secret with SSH keys: a DNS label, of 63 characters.
    private const int MaxSecretName = 51;
    private const int SecretSuffixLength = 20;

    /// <summary>The VirtualMachine.</summary>
    /// <param name="request">What is wished for.</param>
    /// <param name="key">The operation that wishes it.</param>
    /// <param name="cpuOvercommit">vCPUs to a requested core.</param>
    public static JsonObject Build(VirtualMachineRequest request, OperationKey key, decimal cpuOvercommit = 1)
    {
        var spec = new JsonObject
        {
            ["runStrategy"] = request.Run && !request.NeedsSecrets ? "Always" : "Halted",
            ["template"] = new JsonObject
            {
                ["metadata"] = new JsonObject
                {
                    ["labels"] = StringMap.Of(request.Labels, (WellKnownNames.VmLabel, request.Name.Name)),
                },
                ["spec"] = TemplateSpec(request, key, cpuOvercommit),
            },
        };
        if (request.Instancetype is { } type) spec["instancetype"] = Reference(type);
        if (request.Preference is { } preference) spec["preference"] = Reference(preference);
        var metadata = Metadata(request.Name, request.Labels, request.Annotations, key);
        if (request.Template is { } template) metadata["labels"]![WellKnownNames.TemplateLabel] = template;
        if (request.NeedsSecrets) metadata["annotations"]![WellKnownNames.IncompleteAnnotation] = "true";
        return new JsonObject
        {
            ["apiVersion"] = KubeVirtKinds.VirtualMachine.ApiVersion,
            ["kind"] = KubeVirtKinds.VirtualMachine.Kind,
            ["metadata"] = metadata,
            ["spec"] = spec,
        };
    }

    /// <summary>The merge patch that lets a VM run, now that its Secrets are there.</summary>
    public static JsonObject Complete(VirtualMachineRequest request, VirtualMachineObject vm)
    {
        var patch = new JsonObject
        {
            ["metadata"] = new JsonObject
            {
                ["resourceVersion"] = vm.Metadata.ResourceVersion,
                ["annotations"] = new JsonObject { [WellKnownNames.IncompleteAnnotation] = null },
            },
        };
        if (request.Run && vm.Spec?.Strategy is "Halted") patch["spec"] = new JsonObject { ["runStrategy"] = "Always" };
        return patch;
    }

    /// <summary>
    /// The Secrets that the VM refers to, owned by it: user data too long for the VM itself, SSH keys. They are made
    /// after the VM, whose uid they carry: nothing is left over if the VM is refused, and if they are, it goes again and has
    /// never run. Their names carry the operation's key, so that one that exists already is this operation's, and the agent
    /// needs no right to read other people's Secrets to find that out.
    /// </summary>
    public static IEnumerable<JsonObject> BuildSecrets(VirtualMachineRequest request, OperationKey key, string vmUid)
    {
        if (request.UserDataNeedsSecret)
            yield return Secret(request, key, vmUid, UserDataSecret(request, key), [("userdata", request.UserData!)]);
        if (request.SshKeys.Count > 0)
        {
            yield return Secret(
                request, key, vmUid, SshKeysSecret(request, key), request.SshKeys.Index().Select(k => ($"key{k.Index}", k.Item)));
        }
    }

    /// <summary>The cores that a VM of so many vCPUs requests, so that quotas and the scheduler see them.</summary>
    public static Quantity CpuRequest(long vcpus, decimal cpuOvercommit) => Quantity.OfCores(vcpus / cpuOvercommit);

    private static JsonObject TemplateSpec(VirtualMachineRequest request, OperationKey key, decimal cpuOvercommit)
    {
        var domain = new JsonObject();
        if (request.Vcpus is { } vcpus)
        {
            // Sockets, not cores: they are what KubeVirt can add to a running VM.
            domain["cpu"] = new JsonObject { ["sockets"] = vcpus, ["cores"] = 1, ["threads"] = 1 };
            // KubeVirt's own would be a tenth of a core a vCPU.
            domain["resources"] = new JsonObject
            {
                ["requests"] = new JsonObject { ["cpu"] = CpuRequest(vcpus, cpuOvercommit).Text },
            };
        }
        if (request.Memory is { } memory) domain["memory"] = new JsonObject { ["guest"] = memory.Text };

        List<JsonNode> disks = [Disk("root")];
        List<JsonNode> volumes = [RootVolume(request.Root)];
        if (request.UserData is not null || request.SshKeys.Count > 0)
        {
            disks.Add(Disk("cloudinit"));
            volumes.Add(new JsonObject { ["name"] = "cloudinit", ["cloudInitNoCloud"] = CloudInit(request, key) });
        }
        List<JsonNode> interfaces = [new JsonObject { ["name"] = "default", ["masquerade"] = new JsonObject() }];
        List<JsonNode> networks = [new JsonObject { ["name"] = "default", ["pod"] = new JsonObject() }];
        if (request.Network is { } network)
        {
            // Beside the pod network, as in KubeVirt's own examples: the VM stays reachable in the cluster.
            interfaces.Add(new JsonObject { ["name"] = "network", ["bridge"] = new JsonObject() });
            networks.Add(new JsonObject { ["name"] = "network", ["multus"] = new JsonObject { ["networkName"] = network } });
        }
        domain["devices"] = new JsonObject { ["disks"] = Array(disks), ["interfaces"] = Array(interfaces) };
        var spec = new JsonObject { ["domain"] = domain, ["networks"] = Array(networks), ["volumes"] = Array(volumes) };
        if (request.SshKeys.Count > 0) spec["accessCredentials"] = SshAccess(request, key);
        return spec;
    }

    private static JsonObject Disk(string name) =>
        new() { ["name"] = name, ["disk"] = new JsonObject { ["bus"] = "virtio" } };

    private static JsonObject RootVolume(RootDisk root) => root switch
    {
        RootDisk.Container disk => new()
        {
            ["name"] = "root",
            ["containerDisk"] = new JsonObject { ["image"] = disk.Image },
        },
        RootDisk.Claim claim => new()
        {
            ["name"] = "root",
            ["persistentVolumeClaim"] = new JsonObject { ["claimName"] = claim.Name },
        },
        _ => throw new InvalidOperationException($"no volume for {root}"),
    };

    private static JsonObject CloudInit(VirtualMachineRequest request, OperationKey key) => request.UserDataNeedsSecret
        ? new() { ["secretRef"] = new JsonObject { ["name"] = UserDataSecret(request, key) } }
        : new() { ["userData"] = request.UserData ?? EmptyCloudConfig };

    // KubeVirt puts the keys into the NoCloud metadata. That works with user data of any format, and the user's text
    // need not be parsed and written anew.
    private static JsonArray SshAccess(VirtualMachineRequest request, OperationKey key) => new(
        new JsonObject
        {
            ["sshPublicKey"] = new JsonObject
            {
                ["source"] = new JsonObject { ["secret"] = new JsonObject { ["secretName"] = SshKeysSecret(request, key) } },
                ["propagationMethod"] = new JsonObject { ["noCloud"] = new JsonObject() },
            },
        });

    private static JsonArray Array(List<JsonNode> items) => new([.. items]);

    private static JsonObject Reference(TypeReference type) => new() { ["kind"] = type.Kind, ["name"] = type.Name };

    private static string UserDataSecret(VirtualMachineRequest request, OperationKey key) => SecretName(request, "userdata", key);

    private static string SshKeysSecret(VirtualMachineRequest request, OperationKey key) => SecretName(request, "ssh-keys", key);

    // A DNS label for every name of a VM: those may have dots, and be longer.
    private static string SecretName(VirtualMachineRequest request, string what, OperationKey key)
    {
        var suffix = $"-{what}-{key.Value[^SecretSuffixLength..]}";
        var name = request.Name.Name.Replace('.', '-');
        return name[..Math.Min(name.Length, MaxSecretName - suffix.Length)].TrimEnd('-') + suffix;
    }

    private static JsonObject Secret(
        VirtualMachineRequest request, OperationKey key, string vmUid, string name, IEnumerable<(string Key, string Text)> entries)
    {
        var data = new JsonObject();
        foreach (var (entry, text) in entries) data[entry] = Convert.ToBase64String(Encoding.UTF8.GetBytes(text));
        var metadata = Metadata(
            new NamespacedName(request.Name.Namespace, name),
            new Dictionary<string, string> { [WellKnownNames.VmLabel] = request.Name.Name },
            new Dictionary<string, string>(),
            key);
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

    private static JsonObject Metadata(
        NamespacedName name,
        IReadOnlyDictionary<string, string> labels,
        IReadOnlyDictionary<string, string> annotations,
        OperationKey key) => new()
        {
            ["name"] = name.Name,
            ["namespace"] = name.Namespace,
            ["labels"] = StringMap.Of(labels, (WellKnownNames.ManagedByLabel, WellKnownNames.Agent)),
            ["annotations"] = StringMap.Of(
                annotations, (WellKnownNames.CreatedByAnnotation, key.Value), (WellKnownNames.OperationAnnotation, key.Value)),
        };
}
