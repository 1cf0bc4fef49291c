using System.Text;

namespace OvimSpokeAgent.VirtualMachines;

/// <summary>What a guest reads when it starts: cloud-init or Ignition data, SSH keys, Windows' answer file.</summary>
internal sealed record GuestData
{
    /// <summary>The volume with user and network data.</summary>
    public const string VolumeName = "cloudinit";

    /// <summary>The volume with Windows' answer file.</summary>
    public const string SysprepVolumeName = "sysprep";

    /// <summary>KubeVirt takes no more inline data (its webhook refuses it); beyond it goes into a Secret.</summary>
    public const int MaxInlineBytes = 2048;

    /// <summary>User data: cloud-init in any of its formats, or an Ignition configuration.</summary>
    public string? UserData { get; init; }

    /// <summary>cloud-init's network configuration.</summary>
    public string? NetworkData { get; init; }

    /// <summary>The data is on a config drive (OpenStack's), else on a NoCloud disk.</summary>
    public bool IsConfigDrive { get; init; }

    public IReadOnlyList<string> SshKeys { get; init; } = [];

    /// <summary>The files of the answer disk by name; empty: there is none.</summary>
    public IReadOnlyDictionary<string, string> Sysprep { get; init; } = new Dictionary<string, string>();

    /// <summary>Values that a template put into any of its texts, and that are secret.</summary>
    public IReadOnlyList<string> Secrets { get; init; } = [];

    /// <summary>Whether there is a disk with user or network data.</summary>
    public bool HasCloudInit => UserData is not null || NetworkData is not null || SshKeys.Count > 0;

    public bool UserDataNeedsSecret => NeedsSecret(UserData);

    public bool NetworkDataNeedsSecret => NeedsSecret(NetworkData);

    /// <summary>Whether the VM refers to Secrets that are made with it.</summary>
    public bool NeedsSecrets => UserDataNeedsSecret || NetworkDataNeedsSecret || SshKeys.Count > 0 || Sysprep.Count > 0;

    // A VM is read by many who may not read Secrets. What is plainly harmless stands in it, where people look for it.
    private bool NeedsSecret(string? data) => data is not null
        && (Encoding.UTF8.GetByteCount(data) > MaxInlineBytes
            || SecretText.MayHoldSecrets(data)
            || Secrets.Any(secret => data.Contains(secret, StringComparison.Ordinal)));
}
