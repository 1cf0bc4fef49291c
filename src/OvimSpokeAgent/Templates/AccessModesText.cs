namespace OvimSpokeAgent.Templates;

/// <summary>Access modes by their names. Pure.</summary>
internal static class AccessModesText
{
    /// <summary>A mode by Kubernetes' name.</summary>
    public static AccessModes Parse(string? name) => name switch
    {
        nameof(AccessModes.ReadWriteOnce) => AccessModes.ReadWriteOnce,
        nameof(AccessModes.ReadWriteMany) => AccessModes.ReadWriteMany,
        nameof(AccessModes.ReadOnlyMany) => AccessModes.ReadOnlyMany,
        nameof(AccessModes.ReadWriteOncePod) => AccessModes.ReadWriteOncePod,
        _ => AccessModes.Other,
    };

    /// <summary>
    /// Whether disks of a class with some modes can have a mode. CDI's profiles never name <c>ReadWriteOncePod</c> (CDI,
    /// doc/storageprofile.md): nobody knows of it.
    /// </summary>
    public static bool Allow(this AccessModes modes, AccessModes mode) =>
        mode is AccessModes.ReadWriteOncePod or AccessModes.Other || (modes & (mode | AccessModes.Other)) != 0;

    /// <summary>Their names.</summary>
    public static string Describe(this AccessModes modes) => string.Join(
        ", ",
        Enum.GetValues<AccessModes>().Where(mode => mode is not (AccessModes.None or AccessModes.Other) && modes.HasFlag(mode)).Select(mode => $"{mode}"));
}
