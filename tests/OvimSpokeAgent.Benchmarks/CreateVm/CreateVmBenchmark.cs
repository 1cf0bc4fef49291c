using OvimSpokeAgent.EndToEnd.Tests.Harness;

namespace OvimSpokeAgent.Benchmarks.CreateVm;

/// <summary>
/// <c>create_vm</c> from the hub to the cluster and back, against the API server that <c>OVIM_E2E_KUBECONFIG</c> names or
/// the sandbox's. KubeVirt's controllers do not run: the operation is answered when the API server has the VM.
/// </summary>
internal static class CreateVmBenchmark
{
    // Enough for the code to be compiled for good.
    private const int MostForWarmUp = 300;

    /// <param name="settings">How much is measured.</param>
    /// <param name="screen">Gets the figures.</param>
    /// <param name="stop">Ends it early.</param>
    /// <exception cref="BenchmarkException">An operation failed, or took too long.</exception>
    public static async Task RunAsync(CreateVmSettings settings, TextWriter screen, CancellationToken stop)
    {
        var isReal = !string.IsNullOrEmpty(Environment.GetEnvironmentVariable(RealCluster.KubeconfigVariable));
        await screen.WriteLineAsync(isReal
            ? $"create_vm against the API server that {RealCluster.KubeconfigVariable} names; {Environment.ProcessorCount} cores here"
            : $"create_vm against the sandbox's API server: set {RealCluster.KubeconfigVariable} to an administrator's kubeconfig for a real one");
        await using var cluster = await OpenAsync(isReal);
        var place = await Workplace.PrepareAsync(cluster);
        var other = await Workplace.PrepareAsync(cluster);
        try
        {
            using var raw = new RawWrites(place, other);
            var first = await FirstAnswers.MeasureAsync(cluster, settings.Processes, place, stop);
            var single = await WarmUpAsync(settings, place, raw, stop);
            await screen.WriteLineAsync(CreateVmReport.Heading(settings));
            var rounds = new List<CreateVmRound>();
            while (rounds.Count < settings.Rounds)
            {
                rounds.Add(await CreateVmRound.MeasureAsync(settings.Operations, place, raw, stop));
                await screen.WriteLineAsync(CreateVmReport.Line(rounds.Count, rounds[^1]));
            }
            await screen.WriteLineAsync(CreateVmReport.Summary(rounds, single, first, place));
        }
        finally
        {
            await Task.WhenAll(place.RemoveAsync(cluster), other.RemoveAsync(cluster));
        }
    }

    private static async Task<ITestCluster> OpenAsync(bool isReal)
    {
        try
        {
            return isReal
                ? await RealCluster.OpenAsync(RealCluster.Kubeconfigs[0], hasController: false)
                : await SandboxTestCluster.StartAsync(hasController: false);
        }
        catch (InvalidOperationException e)
        {
            throw new BenchmarkException(e.Message); // the cluster is not as it has to be
        }
    }

    /// <summary>Warms everything up; then has operations handed out one at a time.</summary>
    /// <returns>For each of these, how long it was only in memory.</returns>
    private static async Task<IReadOnlyList<TimeSpan>> WarmUpAsync(
        CreateVmSettings settings, Workplace place, RawWrites raw, CancellationToken stop)
    {
        await using var agent = await MeasuredAgent.StartAsync(place, stop);
        await agent.CreateVmsAsync(Math.Min(settings.Operations, MostForWarmUp), stop);
        await agent.SettledAsync(stop);
        var warmUp = agent.Writes.Take();
        await raw.RepeatAsync(place.WritesForOperations(warmUp), warmUp.MaxAtOnce, stop);

        for (var i = 0; i < settings.Single; i++) await agent.CreateVmsAsync(1, stop);
        return agent.WindowsOf(agent.Writes.Take());
    }
}
