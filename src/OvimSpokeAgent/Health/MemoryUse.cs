namespace OvimSpokeAgent.Health;

/// <summary>What the process has of memory.</summary>
/// <param name="Used">Bytes that are resident.</param>
/// <param name="Limit">The most that the container may have, in bytes (cgroup v2 <c>memory.max</c>); null: as much as there is.</param>
internal readonly record struct MemoryUse(long Used, long? Limit)
{
    private const string LimitFile = "/sys/fs/cgroup/memory.max";

    /// <summary>Of this process, now.</summary>
    public static MemoryUse OfProcess() => new(Environment.WorkingSet, ReadLimit());

    private static long? ReadLimit() =>
        File.Exists(LimitFile) && long.TryParse(File.ReadAllText(LimitFile).Trim(), out var limit) ? limit : null; // "max": none
}
