using System.Globalization;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Contract;

namespace OvimSpokeAgent.VirtualMachines;

/// <summary>How a disk of a VM does.</summary>
internal sealed record DiskState
{
    private static readonly string[] WaitingPhases = ["WaitForFirstConsumer", "PendingPopulation"];

    // CDI, DataVolumePhase: how each stage is called in a message.
    private static readonly (string Prefix, string Doing)[] Stages =
    [
        ("Import", "importing"), ("Clone", "cloning"), ("CSIClone", "cloning"), ("Snapshot", "cloning"), ("Smart", "cloning"),
        ("Namespace", "cloning"), ("Expansion", "cloning"), ("Rebind", "cloning"), ("PrepClaim", "cloning"), ("Upload", "uploading"),
    ];

    /// <summary>The volume's name.</summary>
    public required string Name { get; init; }

    public required string Claim { get; init; }

    /// <summary>The DataVolume's phase; Succeeded where CDI has tidied it away; the claim's, where there never was one. Empty: not told yet.</summary>
    public required string Phase { get; init; }

    /// <summary>How far it is filled; null: that is not told.</summary>
    public decimal? Percent { get; init; }

    /// <summary>Why it cannot be used, and will not be by itself; null: nothing is wrong.</summary>
    public string? Failure { get; init; }

    public Quantity? Size { get; init; }

    /// <summary>The server has neither a DataVolume nor a claim of its name.</summary>
    public bool IsAbsent { get; init; }

    /// <summary>Nothing is left to be done for it.</summary>
    public bool IsReady => Failure is null && Phase is "Succeeded" or "Bound";

    /// <summary>It is filled, or bound, when a guest uses it.</summary>
    public bool WaitsForConsumer => Failure is null && WaitingPhases.Contains(Phase);

    /// <summary>What happens to it, or what is wrong with it; null: nothing that is worth a word.</summary>
    /// <param name="isOnTheWay">The VM's disks may not have been made yet.</param>
    public string? Describe(bool isOnTheWay)
    {
        if (IsAbsent) return isOnTheWay ? null : $"disk {Name} is missing: there is neither a DataVolume nor a claim {Claim}";
        if (Failure is not null) return $"disk {Name}: {Failure}";
        if (WaitsForConsumer) return $"disk {Name} waits for its first consumer";
        if (IsReady || Phase is "" or "Pending" or "PVCBound") return null;
        var doing = Stages.FirstOrDefault(stage => Phase.StartsWith(stage.Prefix, StringComparison.Ordinal)).Doing;
        return doing is null ? $"disk {Name}: {Phase}"
            : Percent is { } percent ? string.Create(CultureInfo.InvariantCulture, $"{doing} disk {Name}: {percent:0.00} %")
            : $"{doing} disk {Name}";
    }

    /// <summary>It as the hub sees it.</summary>
    /// <param name="isOnTheWay">The VM's disks may not have been made yet.</param>
    public DiskStatus ToStatus(bool isOnTheWay) => new()
    {
        Name = Name,
        Phase = IsAbsent ? isOnTheWay ? "Pending" : "Missing" : Phase.Length > 0 ? Phase : "Pending",
        Progress = Percent is { } percent ? string.Create(CultureInfo.InvariantCulture, $"{percent:0.00}%") : null,
        Size = Size?.Text,
        Message = IsAbsent && isOnTheWay ? null : Failure,
    };
}
