namespace OvimSpokeAgent.EndToEnd.Tests.Harness;

/// <summary>
/// The clusters of a class of tests. Each test on the sandbox has one of its own, and classes run side by side; the real API server
/// belongs to one class at a time, from its first test there to its last.
/// </summary>
public sealed class Clusters : IAsyncLifetime
{
    private static readonly SemaphoreSlim Turn = new(1);

    private RealCluster? _real;

    /// <summary>Starts a test's environment: on the real API server, or on a sandbox of its own.</summary>
    internal async Task<TestEnvironment> OnAsync(ClusterKind kind) => kind is ClusterKind.RealApiServer
        ? await TestEnvironment.StartAsync(_real ??= await OpenAsync(), ownsCluster: false)
        : await TestEnvironment.StartAsync(await SandboxTestCluster.StartAsync(), ownsCluster: true);

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        if (_real is null) return;
        await _real.DisposeAsync();
        Turn.Release();
    }

    // As long as the classes before it take.
    private static async Task<RealCluster> OpenAsync()
    {
        await Turn.WaitAsync();
        try
        {
            return await RealCluster.OpenAsync();
        }
        catch
        {
            Turn.Release();
            throw;
        }
    }
}
