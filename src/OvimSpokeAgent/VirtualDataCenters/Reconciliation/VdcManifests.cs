using System.Globalization;
using System.Text.Json.Nodes;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Configuration;
using OvimSpokeAgent.VirtualMachines;

namespace OvimSpokeAgent.VirtualDataCenters;

/// <summary>Turns what is declared for a namespace into Kubernetes' objects. Pure.</summary>
internal static class VdcManifests
{
    /// <summary>Counts the VMs of a namespace (ResourceQuota, object count).</summary>
    public const string VmCount = "count/virtualmachines.kubevirt.io";

    /// <summary>Counts the pods; so high that it counts and never refuses.</summary>
    public const string PodCount = "count/pods";

    public const string RequestsCpu = "requests.cpu";
    public const string RequestsMemory = "requests.memory";
    public const string RequestsStorage = "requests.storage";

    /// <summary>The size of the pages follows.</summary>
    public const string RequestsHugePages = "requests.hugepages-";

    /// <summary>All that is limited or counted.</summary>
    public static readonly IReadOnlyList<string> QuotaResources = [RequestsCpu, RequestsMemory, RequestsStorage, VmCount, PodCount];

    private const int NoPodLimit = 1_000_000;

    // Of the architectures that KubeVirt runs on (Linux, Documentation/admin-guide/mm/hugetlbpage): amd64, arm64, s390x.
    private static readonly string[] HugePages = ["64Ki", "1Mi", "2Mi", "32Mi", "512Mi", "1Gi", "16Gi"];

    // What a container without requests counts: with a quota it must have some, and it must not have a VM's.
    private const string DefaultCpuRequest = "10m";
    private const string DefaultMemoryRequest = "32Mi";

    // Where the VM with the most memory may have any number of vCPUs.
    private const int VcpusIfUnlimited = 128;

    // I/O and emulator threads beside the vCPUs; the limit that the LimitRange writes into a VM's pod must not throttle it.
    private const int CoresBesideVcpus = 2;

    /// <summary>The namespace of a VDC, to be created.</summary>
    public static JsonObject Namespace(string name, VdcDeclaration declaration, string key, AgentSettings settings) => new()
    {
        ["apiVersion"] = KubernetesKinds.Namespace.ApiVersion,
        ["kind"] = KubernetesKinds.Namespace.Kind,
        ["metadata"] = new JsonObject
        {
            ["name"] = name,
            ["labels"] = StringMap.Of(NamespaceLabels(name, declaration, settings)),
            ["annotations"] = StringMap.Of(
                declaration.Annotations, (WellKnownNames.CreatedByAnnotation, key), (WellKnownNames.OperationAnnotation, key),
                (WellKnownNames.DeclaredAnnotation, declaration.ToText())),
        },
    };

    /// <summary>The labels of a VDC's namespace. The agent's own and those of pod security stand above the hub's.</summary>
    /// <param name="name">The namespace.</param>
    /// <param name="declaration">What is declared.</param>
    /// <param name="settings">The settings.</param>
    /// <param name="zone">The zone that it was made in, if it is there: that of the settings may be another one by now.</param>
    public static IReadOnlyDictionary<string, string> NamespaceLabels(
        string name, VdcDeclaration declaration, AgentSettings settings, string? zone = null)
    {
        var labels = new Dictionary<string, string>(declaration.Labels)
        {
            [WellKnownNames.ManagedByLabel] = WellKnownNames.Agent,
            [WellKnownNames.VdcLabel] = declaration.Name ?? "",
            [WellKnownNames.ZoneLabel] = declaration.ZoneId ?? zone ?? settings.ZoneId,
            // The API server sets it from 1.21 on; before, only this makes the namespace one that policies can name.
            [NetworkPolicyManifests.NamespaceNameLabel] = name,
            [NamespaceDrift.PodSecurityLabel] = settings.Vdc.PodSecurity,
            ["pod-security.kubernetes.io/warn"] = "restricted",
        };
        if (declaration.Organization is { } organization) labels[WellKnownNames.OrganizationLabel] = organization;
        return labels;
    }

    /// <summary>
    /// The objects of a namespace in the order in which they are to be made: isolation before limits, access last.
    /// </summary>
    public static IReadOnlyList<OwnedManifest> Objects(
        string ns, VdcDeclaration declaration, QuotaHeadroom headroom, ClusterNetwork network, VdcSettings settings)
    {
        var objects = new List<OwnedManifest>();
        foreach (var (name, spec) in NetworkPolicyManifests.Build(declaration.Network, network, settings))
            Add(KubernetesKinds.NetworkPolicy, name, ("spec", spec));
        if (QuotaSpec(declaration, headroom) is { } quota)
        {
            Add(KubernetesKinds.ResourceQuota, VdcNames.Quota, ("spec", quota));
            objects[^1].Body["metadata"]!["annotations"] = new JsonObject { [QuotaHeadroom.Annotation] = headroom.ToString() };
        }
        if (LimitsSpec(declaration) is { } limits) Add(KubernetesKinds.LimitRange, VdcNames.Limits, ("spec", limits));
        foreach (var group in declaration.AdminGroups)
            Add(KubernetesKinds.RoleBinding, VdcNames.BindingOf(group), ("subjects", Subjects(group)), ("roleRef", AdminRole()));
        return objects;

        void Add(ResourceKind kind, string name, params ReadOnlySpan<(string Field, JsonNode Value)> fields)
        {
            var body = new JsonObject
            {
                ["apiVersion"] = kind.ApiVersion,
                ["kind"] = kind.Kind,
                ["metadata"] = new JsonObject
                {
                    ["name"] = name,
                    ["namespace"] = ns,
                    ["labels"] = ObjectLabels(declaration),
                },
            };
            foreach (var (field, value) in fields) body[field] = value;
            objects.Add(new OwnedManifest(kind, new NamespacedName(ns, name), body));
        }
    }

    private static JsonObject ObjectLabels(VdcDeclaration declaration)
    {
        var labels = new JsonObject { [WellKnownNames.ManagedByLabel] = WellKnownNames.Agent };
        if (declaration.Name is { } vdc) labels[WellKnownNames.VdcLabel] = vdc;
        return labels;
    }

    // No limits.*: KubeVirt would set limits by itself then, and throttle every guest.
    private static JsonObject? QuotaSpec(VdcDeclaration declaration, QuotaHeadroom headroom)
    {
        var quota = declaration.Quota;
        if (declaration.Name is null && quota.IsEmpty) return null;
        var hard = new JsonObject { [PodCount] = NoPodLimit.ToString(CultureInfo.InvariantCulture) };
        if (quota.Cpu is { } cpu) hard[RequestsCpu] = Quantity.OfCores(Math.Min(cpu.Value + headroom.Cpu, QuotaDeclaration.MaxCores)).Text;
        if (quota.Memory is { } memory)
        {
            var most = Quantity.OfBytes(Math.Min(memory.Value + headroom.Memory, QuotaDeclaration.MaxBytes)).Text;
            hard[RequestsMemory] = most;
            // A guest whose memory is of huge pages requests these, and nearly nothing of the other.
            foreach (var size in HugePages) hard[RequestsHugePages + size] = most;
        }
        if (quota.Storage is { } storage) hard[RequestsStorage] = Quantity.OfBytes(storage.Value).Text;
        if (quota.Vms is { } vms) hard[VmCount] = vms.ToString(CultureInfo.InvariantCulture);
        return new JsonObject { ["hard"] = hard };
    }

    // Only a net under the agent's own check, which knows VMs; it sees containers, the small ones of a VM's pod too.
    private static JsonObject? LimitsSpec(VdcDeclaration declaration)
    {
        var (quota, limits) = (declaration.Quota, declaration.Limits);
        if (limits.IsEmpty && quota.Cpu is null && quota.Memory is null) return null;
        var item = new JsonObject
        {
            ["type"] = "Container",
            ["defaultRequest"] = new JsonObject { ["cpu"] = DefaultCpuRequest, ["memory"] = DefaultMemoryRequest },
        };
        var max = new JsonObject();
        if (limits.MaxCpu is { } cpu) max["cpu"] = Quantity.OfCores(cpu.Value + CoresBesideVcpus).Text;
        if (limits.MaxMemory is { } memory)
        {
            var vcpus = limits.MaxCpu is { } most ? (long)Math.Ceiling(most.Value) : VcpusIfUnlimited;
            var overhead = VirtualMachineOverhead.Largest(vcpus, (long)Math.Ceiling(memory.Value));
            max["memory"] = Quantity.OfBytes(memory.Value + overhead).Text;
        }
        if (max.Count > 0)
        {
            item["max"] = max;
            // What the API server makes of a maximum without a default; said here, so that it is no difference.
            item["default"] = max.DeepClone();
        }
        return new JsonObject { ["limits"] = new JsonArray(item) };
    }

    private static JsonArray Subjects(string group) => new(
        new JsonObject { ["kind"] = "Group", ["apiGroup"] = KubernetesKinds.RoleBinding.Group, ["name"] = group });

    private static JsonObject AdminRole() => new()
    {
        ["apiGroup"] = KubernetesKinds.ClusterRole.Group,
        ["kind"] = KubernetesKinds.ClusterRole.Kind,
        ["name"] = VdcNames.AdminRole,
    };
}
