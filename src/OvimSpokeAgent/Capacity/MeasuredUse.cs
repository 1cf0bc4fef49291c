using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Validation;

namespace OvimSpokeAgent.Capacity;

/// <summary>CPU and memory in use.</summary>
/// <param name="Cpu">In millicores, rounded up.</param>
/// <param name="Memory">In bytes.</param>
internal readonly record struct MeasuredUse(long Cpu, long Memory)
{
    public static MeasuredUse operator +(MeasuredUse a, MeasuredUse b) => new(Saturating.Add(a.Cpu, b.Cpu), Saturating.Add(a.Memory, b.Memory));

    /// <summary>Reads <c>usage</c>. False where it is not there as a whole, or is what nothing can use: below zero, beyond counting.</summary>
    public static bool TryRead([NotNullWhen(true)] IReadOnlyDictionary<string, JsonElement>? usage, out MeasuredUse use)
    {
        use = default;
        if (usage is null || Read("cpu") is not { } cpu || Read("memory") is not { } memory) return false;
        use = new MeasuredUse(Saturating.Ceiling(cpu * 1000), Saturating.Ceiling(memory));
        return true;

        decimal? Read(string resource) =>
            usage.TryGetValue(resource, out var value)
            && Quantity.TryRead(value.ValueKind is JsonValueKind.Number ? value.GetRawText() : JsonText.TryGetString(value, out var text) ? text : null, out var quantity)
            && quantity is { IsSaturated: false, Value: >= 0 }
                ? quantity.Value
                : null;
    }
}
