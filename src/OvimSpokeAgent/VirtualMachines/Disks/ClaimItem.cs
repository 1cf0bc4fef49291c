using System.Text.Json;
using System.Text.Json.Serialization;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Validation;

namespace OvimSpokeAgent.VirtualMachines;

/// <summary>What the agent reads of a PersistentVolumeClaim (v1).</summary>
internal sealed record ClaimObject : IKubernetesObject
{
    public ObjectMetadata Metadata { get => field ?? ObjectMetadata.None; init; }

    public ClaimSpec? Spec { get; init; }

    public ClaimStatus? Status { get; init; }
}

internal sealed record ClaimSpec
{
    public string? StorageClassName { get; init; }

    public VirtualMachineResources? Resources { get; init; }

    /// <summary>A quantity: a string or a number.</summary>
    [JsonIgnore]
    public JsonElement? Size => Resources?.Requests is { } requests && requests.TryGetValue("storage", out var size) ? size : null;
}

internal sealed record ClaimStatus
{
    /// <summary>Pending, Bound or Lost.</summary>
    public string? Phase { get; init; }

    public IReadOnlyDictionary<string, JsonElement>? Capacity { get; init; }

    /// <summary>A quantity: a string or a number.</summary>
    [JsonIgnore]
    public JsonElement? Size => Capacity is not null && Capacity.TryGetValue("storage", out var size) ? size : null;
}

/// <summary>What is kept of a claim, of which a cluster has many that are no VM's: a hundred bytes.</summary>
internal sealed record ClaimItem
{
    private const int MaxNameLength = 253;

    // Most claims are of a few classes.
    private static readonly SharedTexts ClassNames = new(64);

    private static readonly string[] Phases = ["Bound", "Pending", "Lost"];

    /// <summary>What is watched for it.</summary>
    public static WatchSpec<ClaimObject, ClaimItem> Watch { get; } = new()
    {
        Kind = KubernetesKinds.PersistentVolumeClaim,
        Type = KubeVirtJson.Default.ClaimObject,
        Project = From,
        Unreadable = (claim, before) => before ?? new ClaimItem { Phase = "", SeenAt = claim.SeenAt },
    };

    /// <summary>Pending, Bound or Lost; empty until someone has looked at it.</summary>
    public required string Phase { get; init; }

    /// <summary>As large as it is; until it is bound as large as was asked for.</summary>
    public Quantity? Size { get; init; }

    /// <summary>Its StorageClass; empty where it names none. Whether there is one of that name is another matter.</summary>
    public string StorageClass { get; init; } = "";

    public required DateTimeOffset SeenAt { get; init; }

    public static ClaimItem From(ClaimObject claim, DateTimeOffset now) => new()
    {
        // One text for all of them.
        Phase = Phases.FirstOrDefault(phase => phase == claim.Status?.Phase) ?? JsonText.Shorten(claim.Status?.Phase ?? ""),
        Size = new SizeReader().Read("", claim.Status?.Size ?? claim.Spec?.Size),
        StorageClass = claim.Spec?.StorageClassName is { Length: <= MaxNameLength } name ? ClassNames.Of(name) : "",
        SeenAt = now,
    };
}
