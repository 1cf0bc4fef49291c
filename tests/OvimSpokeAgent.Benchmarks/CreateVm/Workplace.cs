using OvimSpokeAgent.EndToEnd.Tests.Harness;

namespace OvimSpokeAgent.Benchmarks.CreateVm;

/// <summary>Where an agent works, made for one measurement.</summary>
/// <param name="Own">The agent's own namespace, with the journal.</param>
/// <param name="Machines">The namespace of the VMs.</param>
/// <param name="Kubeconfig">Path of a kubeconfig that speaks as the agent's service account.</param>
internal sealed record Workplace(string Own, string Machines, string Kubeconfig)
{
    public static async Task<Workplace> PrepareAsync(ITestCluster cluster)
    {
        var own = $"ovim-{Guid.NewGuid().ToString("N")[..8]}";
        var kubeconfig = await cluster.InstallAgentAsync(own);
        return new Workplace(own, await cluster.HasManagedNamespaceAsync(), kubeconfig);
    }

    /// <summary>The same text about another workplace.</summary>
    public string MovedTo(Workplace other, string text) =>
        text.Replace(Own, other.Own, StringComparison.Ordinal).Replace(Machines, other.Machines, StringComparison.Ordinal);

    /// <summary>Whether a write is part of an operation; others (the Lease, events about the agent) come by the clock.</summary>
    public bool IsForOperations(RecordedWrite write) =>
        IsInJournal(write) || write.Path.Contains($"/namespaces/{Machines}/", StringComparison.Ordinal);

    /// <summary>Whether a write is one of the journal's.</summary>
    public bool IsInJournal(RecordedWrite write) =>
        write.Path.Contains($"/namespaces/{Own}/secrets", StringComparison.Ordinal);

    public IReadOnlyList<RecordedWrite> WritesForOperations(Recording recording) =>
        [.. recording.Writes.Where(IsForOperations)];

    /// <summary>Removes it; returns when the server has nothing more to do about it, so that the next measurement is one.</summary>
    public async Task RemoveAsync(ITestCluster cluster)
    {
        await cluster.Admin.DeleteAsync($"api/v1/namespaces/{Machines}");
        await cluster.Admin.DeleteAsync($"api/v1/namespaces/{Own}");
        foreach (var ns in (string[])[Machines, Own]) await cluster.Admin.WaitForAsync("api/v1/namespaces", ns, found => found is null);
    }
}
