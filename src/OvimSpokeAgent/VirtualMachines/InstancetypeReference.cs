namespace OvimSpokeAgent.VirtualMachines;

/// <summary>The instancetype of a VM, and where KubeVirt has pinned it.</summary>
/// <param name="Type">As the VM names it.</param>
/// <param name="Revision">
/// The ControllerRevision of <c>spec.instancetype.revisionName</c>: where there is one, KubeVirt takes the size from there
/// and from nowhere else.
/// </param>
/// <param name="NotedRevision">
/// The ControllerRevision of <c>status.instancetypeRef</c>, which only KubeVirt writes: else it takes the size from there, as
/// long as the VM names the same instancetype.
/// </param>
internal sealed record InstancetypeReference(TypeReference Type, string? Revision = null, string? NotedRevision = null)
{
    // No object's name is longer; what is cut off here names none, as before.
    private const int MaxNameLength = 254;

    /// <summary>Why the size is not known, for the hub's user.</summary>
    public string Missing => Revision is null
        ? $"instancetype: \"{Type.Name}\" does not exist, so that the VM's size is not known"
        : $"instancetype: \"{Type.Name}\" is pinned to the ControllerRevision \"{Revision}\", which does not exist or holds no "
            + "instancetype, so that the VM's size is not known";

    /// <summary>The one that a VM names; null: its own fields say its size.</summary>
    public static InstancetypeReference? Of(VirtualMachineObject vm)
    {
        if (vm.Spec?.Instancetype is not { } matcher || (Kept(matcher.Name) ?? Kept(matcher.RevisionName)) is null) return null;
        var type = new TypeReference(KindOf(matcher), Kept(matcher.Name) ?? "");
        var noted = vm.Status?.InstancetypeRef is { } status && (Kept(status.Name) ?? type.Name) == type.Name
            ? status.ControllerRevisionRef?.Name
            : null;
        return new InstancetypeReference(type, Kept(matcher.RevisionName), Kept(noted));

        static string? Kept(string? name) => string.IsNullOrEmpty(name) ? null : name.Length <= MaxNameLength ? name : name[..MaxNameLength];
    }

    // KubeVirt takes the kind in any case and in the plural; without one it means the cluster-wide.
    private static string KindOf(InstancetypeMatcher matcher) => matcher.Kind?.ToLowerInvariant().TrimEnd('s') switch
    {
        TypeReference.Instancetype => TypeReference.Instancetype,
        _ => TypeReference.ClusterInstancetype,
    };
}
