namespace OvimSpokeAgent.EndToEnd.Tests.Harness;

/// <summary>
/// The clusters of a class of tests. Each test on the sandbox has one of its own, and classes run side by side; a real API server
/// belongs to one class at a time, from its first test there to its last.
/// </summary>
public sealed class Clusters : IAsyncLifetime
{
    private RealCluster? _real;

    /// <summary>Starts a test's environment: on a real API server, or on a sandbox of its own.</summary>
    internal async Task<TestEnvironment> OnAsync(ClusterKind kind) => kind is ClusterKind.RealApiServer
        ? await TestEnvironment.StartAsync(_real ??= await RealClusterPool.TakeAsync(), ownsCluster: false)
        : await TestEnvironment.StartAsync(await SandboxTestCluster.StartAsync(), ownsCluster: true);

    public Task InitializeAsync() => Task.CompletedTask;

    public Task DisposeAsync() => _real is null ? Task.CompletedTask : RealClusterPool.ReturnAsync(_real);
}
