using System.Collections.Concurrent;
using System.Threading.Channels;

namespace OvimSpokeAgent.EndToEnd.Tests.Harness;

/// <summary>
/// The real API servers that are there. KubeVirt is played on each from its first use to the end of the process: to register its
/// API takes a server seconds of CPU, and without it no namespace ends.
/// </summary>
internal static class RealClusterPool
{
    private static readonly TimeSpan RemovalLimit = TimeSpan.FromSeconds(15);

    private static readonly Channel<string> Free = Channel.CreateUnbounded<string>();
    private static readonly ConcurrentDictionary<string, RealCluster> Opened = [];

    static RealClusterPool()
    {
        foreach (var kubeconfig in RealCluster.Kubeconfigs) Free.Writer.TryWrite(kubeconfig);
        AppDomain.CurrentDomain.ProcessExit += (_, _) =>
            Task.WhenAll(Opened.Values.Select(cluster => cluster.DisposeAsync().AsTask())).Wait(RemovalLimit);
    }

    /// <summary>Waits, as long as it takes, until one is free.</summary>
    public static async Task<RealCluster> TakeAsync()
    {
        if (RealCluster.Kubeconfigs.Count == 0)
            throw new InvalidOperationException($"there is no real API server: {RealCluster.KubeconfigVariable} is not set");
        var kubeconfig = await Free.Reader.ReadAsync();
        try
        {
            if (!Opened.TryGetValue(kubeconfig, out var cluster)) Opened[kubeconfig] = cluster = await RealCluster.OpenAsync(kubeconfig);
            return cluster;
        }
        catch
        {
            Free.Writer.TryWrite(kubeconfig);
            throw;
        }
    }

    /// <summary>Leaves it to others.</summary>
    public static async Task ReturnAsync(RealCluster cluster)
    {
        try
        {
            await cluster.RemoveVmsAsync();
        }
        finally
        {
            Free.Writer.TryWrite(cluster.Kubeconfig);
        }
    }
}
