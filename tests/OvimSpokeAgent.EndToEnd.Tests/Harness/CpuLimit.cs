using System.Diagnostics;

namespace OvimSpokeAgent.EndToEnd.Tests.Harness;

/// <summary>
/// Keeps a process to a share of a core, as a container's CPU limit does: what has used its share of a period stands still until the
/// next one. What the machine's other work takes of it is not given back.
/// </summary>
internal sealed class CpuLimit : IAsyncDisposable
{
    private static readonly TimeSpan Period = TimeSpan.FromMilliseconds(100);

    private readonly CancellationTokenSource _stop = new();
    private readonly Task _task;

    public CpuLimit(AgentProcess process, double cores) => _task = KeepAsync(process, cores);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _task;
        _stop.Dispose();
    }

    // A debt (a look that came late) is worked off before it runs again, so that the share holds on a slow machine too.
    private async Task KeepAsync(AgentProcess process, double cores)
    {
        using var looks = new PeriodicTimer(TimeSpan.FromMilliseconds(5));
        var (clock, used, credit) = (Stopwatch.StartNew(), process.CpuTime, TimeSpan.Zero);
        try
        {
            while (await looks.WaitForNextTickAsync(_stop.Token))
            {
                var (elapsed, now) = (clock.Elapsed, process.CpuTime);
                clock.Restart();
                credit = Min(credit + (elapsed * cores) - (now - used), Period * cores);
                used = now;
                if (credit > TimeSpan.Zero) process.Resume();
                else process.Pause();
            }
        }
        catch (OperationCanceledException)
        {
            process.Resume();
        }
    }

    private static TimeSpan Min(TimeSpan a, TimeSpan b) => a < b ? a : b;
}
