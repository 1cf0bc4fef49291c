using OvimSpokeAgent.Operations;

namespace OvimSpokeAgent.VirtualMachines;

/// <summary>How a stop or restart is wished for.</summary>
/// <param name="GracePeriod">Time for the guest to shut down; null: the VM's own; zero: none (force).</param>
internal sealed record StopOptions(TimeSpan? GracePeriod)
{
    private const int MaxGraceSeconds = 24 * 3600;

    public static StopOptions Read(PayloadReader payload)
    {
        var force = payload.OptionalBool("force") ?? false;
        var seconds = payload.OptionalInt("grace_period_seconds", 0, MaxGraceSeconds);
        return new StopOptions(force ? TimeSpan.Zero : seconds is { } s ? TimeSpan.FromSeconds(s) : null);
    }
}
