using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Validation;
using OvimSpokeAgent.VirtualMachines;

namespace OvimSpokeAgent.Capacity;

/// <summary>What is kept of a node: about a kilobyte. KubeVirt alone sets hundreds of labels on each, of which few are.</summary>
internal sealed record NodeItem
{
    private const int MaxLabelLength = 63;
    private const int MaxRoles = 8;
    private const int MaxConditions = 16;
    private const int MaxMessageLength = 200;
    private const string RolePrefix = "node-role.kubernetes.io/";
    private const string ArchitectureLabel = "kubernetes.io/arch";
    private const string SchedulableLabel = "kubevirt.io/schedulable";

    // What tells a person which machine it is, and where.
    private static readonly string[] KeptLabelNames =
    [
        ArchitectureLabel, "kubernetes.io/os", "kubernetes.io/hostname", "topology.kubernetes.io/region", "topology.kubernetes.io/zone",
        "node.kubernetes.io/instance-type", SchedulableLabel,
    ];

    private static readonly string[] PressureTypes = ["MemoryPressure", "DiskPressure", "PIDPressure", "NetworkUnavailable"];

    public static WatchSpec<NodeObject, NodeItem> Watch { get; } = new()
    {
        Kind = CapacityKinds.Node,
        Type = CapacityJson.Default.NodeObject,
        Project = (node, _) => From(node),
        // It is there, whatever it is: sums over nodes say of how many they are.
        Unreadable = (node, before) => before ?? new NodeItem { Name = node.Metadata.Name, Problem = node.Problem },
        IsOptional = true,
    };

    public required string Name { get; init; }

    /// <summary>Of its CPU, as Kubernetes calls it (<c>amd64</c>, <c>arm64</c>, <c>s390x</c>); empty: it does not say.</summary>
    public string Architecture { get; init; } = "";

    /// <summary>Whether KubeVirt starts VMs there (its label <c>kubevirt.io/schedulable</c>, which virt-handler sets).</summary>
    public bool RunsVms { get; init; }

    /// <summary>Cordoned: no new pod comes to it.</summary>
    public bool IsCordoned { get; init; }

    public NodeAmounts Capacity { get; init; }

    public NodeAmounts Allocatable { get; init; }

    /// <summary>Of its labels those that say which machine it is; null: it has none of them.</summary>
    public IReadOnlyDictionary<string, string>? Labels { get; init; }

    public IReadOnlyList<Contract.NodeCondition> Conditions { get; init; } = [];

    /// <summary>What is odd about its amounts; null: nothing.</summary>
    public string? Problem { get; init; }

    public NodeReadiness Readiness { get; init; } = NodeReadiness.Unknown;

    /// <summary>The types of pressure that it is under.</summary>
    public IEnumerable<string> Pressures => PressureTypes.Where(type => Conditions.Any(condition => condition.Type == type && condition.Status == "True"));

    /// <summary>The types that <see cref="Pressures"/> can have.</summary>
    public static IReadOnlyList<string> AllPressures => PressureTypes;

    public static NodeItem From(NodeObject node)
    {
        var sizes = new SizeReader();
        var conditions = ConditionsOf(node.Status?.Conditions ?? []);
        return new NodeItem
        {
            Name = node.Metadata.Name,
            Architecture = node.Metadata.Label(ArchitectureLabel) is { Length: <= MaxLabelLength } architecture ? string.Intern(architecture) : "",
            RunsVms = node.Metadata.Label(SchedulableLabel) == "true",
            IsCordoned = node.Spec?.Unschedulable is true,
            Capacity = NodeAmounts.Of("capacity", node.Status?.Capacity, sizes),
            Allocatable = NodeAmounts.Of("allocatable", node.Status?.Allocatable, sizes),
            Labels = LabelsOf(node.Metadata),
            Conditions = conditions,
            Readiness = conditions.FirstOrDefault(condition => condition.Type == "Ready")?.Status switch
            {
                "True" => NodeReadiness.Ready,
                "False" => NodeReadiness.NotReady,
                _ => NodeReadiness.Unknown, // its kubelet was not heard of
            },
            Problem = sizes.Problem,
        };
    }

    private static Dictionary<string, string>? LabelsOf(ObjectMetadata metadata)
    {
        var kept = KeptLabelNames.Concat((metadata.Labels?.Keys ?? [])
                .Where(key => key.StartsWith(RolePrefix, StringComparison.Ordinal)).Order(StringComparer.Ordinal).Take(MaxRoles))
            .Select(key => (Key: key, Value: metadata.Label(key)))
            .Where(label => label.Value is { Length: <= MaxLabelLength })
            .ToDictionary(label => label.Key, label => label.Value!);
        return kept.Count > 0 ? kept : null;
    }

    // What a good condition says is the same on every node of the world.
    private static List<Contract.NodeCondition> ConditionsOf(IReadOnlyList<NodeObjectCondition?> conditions) =>
    [
        .. conditions.OfType<NodeObjectCondition>().Take(MaxConditions).Select(condition => new Contract.NodeCondition
        {
            Type = JsonText.Shorten(condition.Type ?? ""),
            Status = condition.Status switch
            {
                "True" => "True",
                "False" => "False",
                _ => "Unknown",
            },
            LastTransitionTime = condition.LastTransitionTime,
            Reason = condition.Reason is { Length: > 0 } reason ? JsonText.Shorten(reason) : null,
            Message = condition.Message is { Length: > 0 } message && condition.Status != (condition.Type == "Ready" ? "True" : "False")
                ? JsonText.Shorten(message, MaxMessageLength)
                : null,
        }),
    ];
}
