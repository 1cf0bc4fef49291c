using System.Text.Json;
using System.Text.Json.Serialization;

namespace OvimSpokeAgent.VirtualMachines;

/// <summary><c>spec.volumes[]</c> of a VMI, as far as there is a claim behind it.</summary>
internal sealed record VirtualMachineVolume
{
    public string? Name { get; init; }

    public DataVolumeSource? DataVolume { get; init; }

    public ClaimSource? PersistentVolumeClaim { get; init; }

    public JsonElement? ContainerDisk { get; init; }

    public JsonElement? EmptyDisk { get; init; }

    public JsonElement? Ephemeral { get; init; }

    /// <summary>What is written to it ends with the guest.</summary>
    [JsonIgnore]
    public bool IsEphemeral => (ContainerDisk ?? EmptyDisk ?? Ephemeral) is { ValueKind: JsonValueKind.Object };

    /// <summary>The claim, which has the name of its DataVolume; null: it is no disk that lasts.</summary>
    [JsonIgnore]
    public string? Claim => PersistentVolumeClaim?.ClaimName ?? DataVolume?.Name;

    /// <summary>A volume of a claim, or of a DataVolume.</summary>
    public static VirtualMachineVolume Of(string name, string? claim, string? dataVolume) => new()
    {
        Name = name,
        PersistentVolumeClaim = claim is null ? null : new ClaimSource { ClaimName = claim },
        DataVolume = dataVolume is null ? null : new DataVolumeSource { Name = dataVolume },
    };
}

/// <summary><c>spec.volumes[].dataVolume</c>.</summary>
internal sealed record DataVolumeSource
{
    public string? Name { get; init; }
}

/// <summary><c>spec.volumes[].persistentVolumeClaim</c>.</summary>
internal sealed record ClaimSource
{
    public string? ClaimName { get; init; }
}
