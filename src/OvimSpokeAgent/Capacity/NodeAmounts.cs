using System.Text.Json;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.VirtualMachines;

namespace OvimSpokeAgent.Capacity;

/// <summary>What a node has, or all of them together. Sums saturate.</summary>
/// <param name="Cpu">In millicores.</param>
/// <param name="Memory">In bytes.</param>
/// <param name="Storage">Of the node's own disk (ephemeral storage), in bytes.</param>
/// <param name="Pods">How many it takes.</param>
internal readonly record struct NodeAmounts(long Cpu, long Memory, long Storage, long Pods)
{
    /// <summary>Reads <c>status.capacity</c> or <c>status.allocatable</c>; what is absent or no quantity counts as nothing.</summary>
    public static NodeAmounts Of(string field, IReadOnlyDictionary<string, JsonElement>? amounts, SizeReader sizes)
    {
        return new(
            Saturating.Ceiling(Read("cpu") * 1000), Saturating.Ceiling(Read("memory")), Saturating.Ceiling(Read("ephemeral-storage")),
            Saturating.Ceiling(Read("pods")));

        decimal Read(string resource) => amounts is not null && amounts.TryGetValue(resource, out var value)
            ? sizes.Read($"{field}.{resource}", value)?.Value ?? 0
            : 0;
    }

    public static NodeAmounts operator +(NodeAmounts a, NodeAmounts b) => new(
        Saturating.Add(a.Cpu, b.Cpu), Saturating.Add(a.Memory, b.Memory), Saturating.Add(a.Storage, b.Storage), Saturating.Add(a.Pods, b.Pods));
}
