namespace OvimSpokeAgent.EndToEnd.Tests.Harness;

/// <summary>The clusters that tests share, each started when the first test asks for it.</summary>
public sealed class Clusters : IAsyncLifetime
{
    private Task<RealCluster>? _real;

    /// <summary>Starts a test's environment on a cluster.</summary>
    internal async Task<TestEnvironment> OnAsync(ClusterKind kind) => await TestEnvironment.StartAsync(kind switch
    {
        ClusterKind.RealApiServer => await (_real ??= RealCluster.OpenAsync()),
        _ => throw new NotSupportedException(kind.ToString()),
    });

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
