namespace OvimSpokeAgent.EndToEnd.Tests.Harness;

/// <summary>The cluster that tests share, opened when the first test asks for it.</summary>
public sealed class Clusters : IAsyncLifetime
{
    private Task<RealCluster>? _real;

    /// <summary>Starts a test's environment: on the shared real API server, or on a sandbox of its own.</summary>
    internal async Task<TestEnvironment> OnAsync(ClusterKind kind) => kind is ClusterKind.RealApiServer
        ? await TestEnvironment.StartAsync(await (_real ??= RealCluster.OpenAsync()), ownsCluster: false)
        : await TestEnvironment.StartAsync(await SandboxTestCluster.StartAsync(), ownsCluster: true);

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        if (_real is not null) await (await _real).DisposeAsync();
    }
}

/// <summary>Tests that share clusters run one after the other.</summary>
[CollectionDefinition(Name)]
public sealed class ClustersCollection : ICollectionFixture<Clusters>
{
    public const string Name = "clusters";
}
