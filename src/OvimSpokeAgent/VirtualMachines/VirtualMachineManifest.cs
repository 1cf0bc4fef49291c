using System.Text.Json;
using System.Text.Json.Nodes;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Operations;
using OvimSpokeAgent.Validation;

namespace OvimSpokeAgent.VirtualMachines;

/// <summary>Turns a valid request into KubeVirt's objects. Pure.</summary>
internal static class VirtualMachineManifest
{
    private const string Halted = "Halted";

    /// <summary>The VirtualMachine.</summary>
    /// <param name="request">What is wished for.</param>
    /// <param name="key">The operation that wishes it.</param>
    /// <param name="cpuOvercommit">vCPUs to a requested core.</param>
    public static JsonObject Build(VirtualMachineRequest request, OperationKey key, decimal cpuOvercommit = 1)
    {
        var needsSecrets = request.Guest.NeedsSecrets;
        var spec = new JsonObject
        {
            ["runStrategy"] = needsSecrets ? Halted : request.Machine.RunStrategy,
            ["template"] = new JsonObject
            {
                ["metadata"] = new JsonObject
                {
                    ["labels"] = StringMap.Of(request.Labels, (WellKnownNames.VmLabel, request.Name.Name)),
                },
                ["spec"] = TemplateSpec(request, key, cpuOvercommit),
            },
        };
        var volumes = Array(DiskManifests.DataVolumeTemplates(request, key));
        if (volumes.Count > 0) spec["dataVolumeTemplates"] = volumes;
        if (request.Instancetype is { } type) spec["instancetype"] = Reference(type);
        if (request.Preference is { } preference) spec["preference"] = Reference(preference);
        var metadata = OwnedMetadata.OfVm(request, key);
        if (request.Template is { } template && LabelOf(template) is { } label) metadata["labels"]![WellKnownNames.TemplateLabel] = label;
        if (needsSecrets) metadata["annotations"]![WellKnownNames.IncompleteAnnotation] = "true";
        return new JsonObject
        {
            ["apiVersion"] = KubeVirtKinds.VirtualMachine.ApiVersion,
            ["kind"] = KubeVirtKinds.VirtualMachine.Kind,
            ["metadata"] = metadata,
            ["spec"] = spec,
        };
    }

    /// <summary>The merge patch that gives a VM its run strategy, now that its Secrets are there.</summary>
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
        var strategy = request.Machine.RunStrategy;
        if (strategy != Halted && vm.Spec?.Strategy is Halted) patch["spec"] = new JsonObject { ["runStrategy"] = strategy };
        return patch;
    }

    /// <summary>The cores that a VM of so many vCPUs requests, so that quotas and the scheduler see them.</summary>
    public static Quantity CpuRequest(long vcpus, decimal cpuOvercommit) => Quantity.OfCores(vcpus / cpuOvercommit);

    /// <summary>As a VM names an instancetype or a preference.</summary>
    public static JsonObject Reference(TypeReference type) => new() { ["kind"] = type.Kind, ["name"] = type.Name };

    private static JsonObject TemplateSpec(VirtualMachineRequest request, OperationKey key, decimal cpuOvercommit)
    {
        var (interfaces, networks) = Networks(request.Networks);
        var domain = MachineManifests.Domain(request, cpuOvercommit);
        domain["devices"] = new JsonObject
        {
            ["disks"] = Array(DiskManifests.Devices(request).Concat(GuestManifests.Devices(request.Guest))),
            ["interfaces"] = interfaces,
        };
        var spec = new JsonObject
        {
            ["domain"] = domain,
            ["networks"] = networks,
            ["volumes"] = Array(DiskManifests.Volumes(request, key).Concat(GuestManifests.Volumes(request, key))),
        };
        MachineManifests.AddTreatment(spec, request.Machine);
        if (GuestManifests.SshAccess(request, key) is { } access) spec["accessCredentials"] = access;
        if (request.Carried.ValueKind is JsonValueKind.Object) AddUnder(spec, request.Carried);
        return spec;
    }

    // What the request says counts.
    private static void AddUnder(JsonObject said, JsonElement carried)
    {
        foreach (var (name, value) in CanonicalJson.Members(carried))
        {
            if (said[name] is JsonObject inner && value.ValueKind is JsonValueKind.Object) AddUnder(inner, value);
            else if (!said.ContainsKey(name)) said[name] = JsonNode.Parse(CanonicalJson.Of(value), documentOptions: OperationJson.DocumentOptions);
        }
    }

    // Not all that names a template (NAMESPACE/NAME, TYPE+PREFERENCE) can be a label's value.
    private static string? LabelOf(string template)
    {
        var label = template[(template.IndexOf('/', StringComparison.Ordinal) + 1)..].Replace('+', '_');
        return KubernetesNames.IsLabelValue(label) ? label : null;
    }

    private static (JsonArray Interfaces, JsonArray Networks) Networks(IReadOnlyList<string?> names)
    {
        List<JsonNode> interfaces = [], networks = [];
        foreach (var network in names)
        {
            if (network is null)
            {
                interfaces.Add(new JsonObject { ["name"] = "default", ["masquerade"] = new JsonObject() });
                networks.Add(new JsonObject { ["name"] = "default", ["pod"] = new JsonObject() });
                continue;
            }
            var others = networks.Count(other => other["multus"] is not null);
            var name = others == 0 ? "network" : $"network-{others + 1}";
            interfaces.Add(new JsonObject { ["name"] = name, ["bridge"] = new JsonObject() });
            networks.Add(new JsonObject { ["name"] = name, ["multus"] = new JsonObject { ["networkName"] = network } });
        }
        return (Array(interfaces), Array(networks));
    }

    private static JsonArray Array(IEnumerable<JsonNode> items) => new([.. items]);
}
