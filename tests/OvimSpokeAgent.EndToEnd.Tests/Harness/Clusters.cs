using System.Threading.Channels;

namespace OvimSpokeAgent.EndToEnd.Tests.Harness;

/// <summary>
/// The clusters of a class of tests. Each test on the sandbox has one of its own, and classes run side by side; a real API server
/// belongs to one class at a time, from its first test there to its last.
/// </summary>
public sealed class Clusters : IAsyncLifetime
{
    private static readonly Channel<string> Free = Channel.CreateUnbounded<string>();

    private string? _kubeconfig;
    private RealCluster? _real;

    static Clusters()
    {
        foreach (var kubeconfig in RealCluster.Kubeconfigs) Free.Writer.TryWrite(kubeconfig);
    }

    /// <summary>Starts a test's environment: on a real API server, or on a sandbox of its own.</summary>
    internal async Task<TestEnvironment> OnAsync(ClusterKind kind) => kind is ClusterKind.RealApiServer
        ? await TestEnvironment.StartAsync(_real ??= await RealAsync(), ownsCluster: false)
        : await TestEnvironment.StartAsync(await SandboxTestCluster.StartAsync(), ownsCluster: true);

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        try
        {
            if (_real is not null) await _real.DisposeAsync();
        }
        finally
        {
            if (_kubeconfig is not null) Free.Writer.TryWrite(_kubeconfig);
        }
    }

    // Waits as long as the classes before it take.
    private async Task<RealCluster> RealAsync() => await RealCluster.OpenAsync(_kubeconfig ??= await Free.Reader.ReadAsync());
}
