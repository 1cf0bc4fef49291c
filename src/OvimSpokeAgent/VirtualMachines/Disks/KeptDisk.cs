using System.Text.Json.Serialization;

namespace OvimSpokeAgent.VirtualMachines;

/// <summary>A disk that is to stay, as it was when that was fixed.</summary>
/// <param name="Name">The name of both.</param>
/// <param name="Volume">The uid of its DataVolume; null: there was none.</param>
/// <param name="Claim">The uid of its claim; null: there was none yet.</param>
internal sealed record KeptDisk(string Name, string? Volume, string? Claim)
{
    /// <summary>Both, as far as they were there.</summary>
    [JsonIgnore]
    public IEnumerable<string> Uids => new[] { Volume, Claim }.OfType<string>();
}
