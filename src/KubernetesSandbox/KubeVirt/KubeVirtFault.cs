namespace KubernetesSandbox.KubeVirt;

/// <summary>
/// What goes wrong with a VM; several at once are possible. On demand by <see cref="SandboxKubeVirt.SetFault"/>, or by
/// the annotation <c>sandbox.ovim.io/fail</c> on the VM, e.g. <c>crash-loop,guest-ignores-shutdown</c>. It lasts until
/// it is taken back: then the VM goes on.
/// </summary>
[Flags]
public enum KubeVirtFault
{
    /// <summary>All goes well.</summary>
    None = 0,

    /// <summary><c>unschedulable</c>: no node fits (ErrorUnschedulable).</summary>
    Unschedulable = 1,

    /// <summary><c>crash-loop</c>: the guest never comes up (CrashLoopBackOff, <c>startFailure</c> counts).</summary>
    CrashLoop = 2,

    /// <summary><c>image-pull</c>: the image cannot be pulled (ErrImagePull, then ImagePullBackOff).</summary>
    ImagePull = 4,

    /// <summary><c>quota</c>: the pod is refused by a quota (Starting, with condition Synchronized false, FailedCreate).</summary>
    Quota = 8,

    /// <summary><c>data-volume</c>: the imports of the VM's disks fail (DataVolumeError).</summary>
    DataVolume = 16,

    /// <summary><c>guest-ignores-shutdown</c>: stopping takes the whole grace period.</summary>
    GuestIgnoresShutdown = 32,

    /// <summary><c>import-stalls</c>: the imports of the VM's disks stay where they are, at a third.</summary>
    ImportStalls = 64,
}

/// <summary>The names of faults in annotations.</summary>
internal static class KubeVirtFaultNames
{
    public const string Annotation = "sandbox.ovim.io/fail";

    private static readonly Dictionary<string, KubeVirtFault> ByName = new()
    {
        ["unschedulable"] = KubeVirtFault.Unschedulable,
        ["crash-loop"] = KubeVirtFault.CrashLoop,
        ["image-pull"] = KubeVirtFault.ImagePull,
        ["quota"] = KubeVirtFault.Quota,
        ["data-volume"] = KubeVirtFault.DataVolume,
        ["guest-ignores-shutdown"] = KubeVirtFault.GuestIgnoresShutdown,
        ["import-stalls"] = KubeVirtFault.ImportStalls,
    };

    /// <summary>Reads an annotation's value; the problem names what is not a fault.</summary>
    public static (KubeVirtFault Faults, string? Problem) Parse(string? text)
    {
        var faults = KubeVirtFault.None;
        string? problem = null;
        foreach (var name in (text ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            if (ByName.TryGetValue(name, out var fault)) faults |= fault;
            else problem = $"annotation {Annotation}: \"{name}\" is not one of {string.Join(", ", ByName.Keys)}";
        }
        return (faults, problem);
    }
}
