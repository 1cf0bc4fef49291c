using OvimSpokeAgent.Supervision;

namespace OvimSpokeAgent.Health;

/// <summary>How near the process is to the memory limit of its container, at which the kernel ends it.</summary>
/// <param name="use">What it has now.</param>
internal sealed class MemoryCheck(Func<MemoryUse> use) : IHealthCheck
{
    private const double WarnedFrom = 0.8;
    private const double DegradedFrom = 0.9;

    public string Name => "memory";

    public bool NeededForReady => false;

    public HealthFinding Check()
    {
        var (used, limit) = use();
        if (limit is not { } most) return HealthFinding.Healthy($"{MiB(used)}, and no limit");
        var message = $"{MiB(used)} of {MiB(most)}";
        return ((double)used / most) switch
        {
            >= DegradedFrom => HealthFinding.Degraded(message),
            >= WarnedFrom => HealthFinding.Warning(message),
            _ => HealthFinding.Healthy(message),
        };
    }

    private static string MiB(long bytes) => $"{bytes >> 20} MiB";
}
