namespace OvimSpokeAgent.Sandbox.Tour;

/// <summary>One run of the sandbox, from the start of its parts to their end.</summary>
internal static class SandboxRun
{
    /// <returns>The exit code.</returns>
    public static async Task<int> RunAsync(
        SandboxSettings settings, TextWriter screen, TextWriter errors, CancellationToken stop)
    {
        try
        {
            await using var world = await SandboxWorld.StartAsync(settings, stop);
            await screen.WriteLineAsync(SandboxTexts.Welcome(world, settings));
            var problem = settings.HasTour ? await new MainJobTour(world, screen).RunAsync(stop) : null;
            if (problem is not null)
            {
                world.KeepsLog = true;
                await errors.WriteLineAsync($"sandbox: the tour failed: {problem}\nsandbox: the agent's log is {world.AgentLogPath}");
            }
            if (!settings.Exit) await StayAsync(world, settings, screen, stop);
            return problem is null ? 0 : 1;
        }
        catch (Exception e) when (e is SandboxException or HttpRequestException)
        {
            await errors.WriteLineAsync($"sandbox: {e.Message}");
            return 1;
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return settings.Exit ? 1 : 0; // before the tour was over
        }
    }

    private static async Task StayAsync(
        SandboxWorld world, SandboxSettings settings, TextWriter screen, CancellationToken stop)
    {
        await screen.WriteLineAsync(SandboxTexts.Hints(world, settings));
        await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await screen.WriteLineAsync("\nStopping: the agent finishes what it does and reports to the hub for the last time.");
    }
}
