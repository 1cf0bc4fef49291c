using System.Text.Json;

namespace OvimSpokeAgent.VirtualMachines;

/// <summary>
/// What a deletion that keeps the disks has fixed before it began, as the operation's checkpoint: a repeat after the VM is gone says
/// the same of its disks.
/// </summary>
internal sealed record KeptDisks
{
    /// <summary>The VM that is meant.</summary>
    public required string Uid { get; init; }

    /// <summary>The disks that stay.</summary>
    public required IReadOnlyList<KeptDisk> Kept { get; init; }

    /// <summary>Those whose owner decides, each with it.</summary>
    public required IReadOnlyList<string> OfOthers { get; init; }

    /// <summary>Those that go all the same, each with the reason.</summary>
    public required IReadOnlyList<string> Lost { get; init; }

    public string ToCheckpoint() => JsonSerializer.Serialize(this, KubeVirtJson.Default.KeptDisks);

    /// <summary>What a checkpoint says; of a deletion that keeps nothing it is the uid alone.</summary>
    public static KeptDisks Parse(string checkpoint) => checkpoint.StartsWith('{')
        ? JsonSerializer.Deserialize(checkpoint, KubeVirtJson.Default.KeptDisks)!
        : new KeptDisks { Uid = checkpoint, Kept = [], OfOthers = [], Lost = [] };
}
