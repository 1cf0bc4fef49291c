using System.Globalization;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Validation;

namespace OvimSpokeAgent.VirtualMachines;

/// <summary>What is kept of a DataVolume: a few hundred bytes, and of what keeps it from being filled at most 256 characters.</summary>
internal sealed record DataVolumeItem
{
    private const int MaxFailureLength = 255;

    // What CDI and the kubelet call what goes wrong (CDI, pkg/controller/common and pkg/controller/datavolume/conditions.go): Error,
    // ImagePullFailed, ErrExceededQuota, ErrClaimNotValid, CreateContainerConfigError, InvalidImageName, OOMKilled, …
    private static readonly string[] FailureWords = ["Err", "Fail", "Invalid", "Killed", "BackOff"];

    /// <summary>What is watched for it.</summary>
    public static WatchSpec<DataVolumeObject, DataVolumeItem> Watch { get; } = new()
    {
        Kind = KubeVirtKinds.DataVolume,
        Type = KubeVirtJson.Default.DataVolumeObject,
        Project = From,
        Unreadable = FromUnreadable,
        IsOptional = true,
    };

    public required NamespacedName Name { get; init; }

    public required string Uid { get; init; }

    /// <summary>CDI's <c>status.phase</c>; empty until it has looked at it.</summary>
    public required string Phase { get; init; }

    /// <summary>How far it is filled; null: CDI does not say.</summary>
    public decimal? Percent { get; init; }

    /// <summary>Why it is not filled, and will not be by itself: a reason and what it means, in one line.</summary>
    public string? Failure { get; init; }

    /// <summary>As large as was asked for.</summary>
    public Quantity? Size { get; init; }

    /// <summary>It is the agent's, nobody owns it, and it was never filled.</summary>
    public bool IsStray { get; init; }

    public DateTimeOffset? CreatedAt { get; init; }

    public required DateTimeOffset SeenAt { get; init; }

    public static DataVolumeItem From(DataVolumeObject volume, DateTimeOffset now)
    {
        var phase = JsonText.Shorten(volume.Status?.Phase ?? "");
        return new DataVolumeItem
        {
            Name = volume.Metadata.Key,
            Uid = volume.Metadata.Uid,
            Phase = phase,
            Percent = PercentOf(volume.Status?.Progress),
            Failure = FailureOf(phase, volume.Status?.Conditions ?? []),
            IsStray = OrphanRules.IsStray(volume),
            CreatedAt = volume.Metadata.CreationTimestamp,
            Size = new SizeReader().Read("", volume.Spec?.Storage?.Size ?? volume.Spec?.Pvc?.Size),
            SeenAt = now,
        };
    }

    /// <summary>One that cannot be read: nobody knows how far it is.</summary>
    public static DataVolumeItem FromUnreadable(UnreadableObject volume, DataVolumeItem? before) => new()
    {
        Name = volume.Metadata.Key,
        Uid = volume.Metadata.Uid,
        Phase = "",
        Size = before?.Size,
        Failure = JsonText.Shorten($"the agent cannot read its DataVolume: {volume.Problem}", MaxFailureLength),
        SeenAt = volume.SeenAt,
    };

    private static decimal? PercentOf(string? progress) =>
        progress is { Length: <= 32 } && progress.EndsWith('%')
        && decimal.TryParse(progress.AsSpan(..^1), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var percent)
            ? Math.Min(percent, 100)
            : null;

    // An import that can never work does not become Failed: its importer is started again and again.
    private static string? FailureOf(string phase, IReadOnlyList<KubeVirtCondition?> conditions)
    {
        if (phase == "Succeeded") return null;
        var failing = conditions.FirstOrDefault(c => c is { Type: "Running", Status: "False" } && IsFailure(c.Reason))
            ?? conditions.FirstOrDefault(c => c is { Type: "Bound", Status: not "True" } && IsFailure(c.Reason));
        if (failing is not null) return Said(failing);
        if (phase != "Failed") return null;
        return conditions.FirstOrDefault(c => c is { Status: not "True", Message.Length: > 0 }) is { } said ? Said(said) : "CDI says no reason";
    }

    private static bool IsFailure(string? reason) =>
        reason is not null && FailureWords.Any(word => reason.Contains(word, StringComparison.Ordinal));

    private static string Said(KubeVirtCondition condition) => JsonText.Shorten(
        string.IsNullOrEmpty(condition.Reason) || condition.Text == condition.Reason ? condition.Text : $"{condition.Reason}: {condition.Text}",
        MaxFailureLength);
}
