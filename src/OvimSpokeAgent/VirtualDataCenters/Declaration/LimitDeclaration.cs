using System.Text.Json;
using System.Text.Json.Nodes;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Operations;
using OvimSpokeAgent.Validation;

namespace OvimSpokeAgent.VirtualDataCenters;

/// <summary>What one VM may have; what is null is not limited.</summary>
internal sealed record LimitDeclaration
{
    private static readonly LimitField MinCpuField = new("min_cpu", "minCpu", "", "m");
    private static readonly LimitField MaxCpuField = new("max_cpu", "maxCpu", "", "m");
    private static readonly LimitField MinMemoryField = new("min_memory", "minMemory", "Gi", "Mi");
    private static readonly LimitField MaxMemoryField = new("max_memory", "maxMemory", "Gi", "Mi");

    /// <summary>vCPUs.</summary>
    public Quantity? MinCpu { get; init; }

    public Quantity? MaxCpu { get; init; }

    /// <summary>Guest memory, in bytes.</summary>
    public Quantity? MinMemory { get; init; }

    public Quantity? MaxMemory { get; init; }

    public bool IsEmpty => MinCpu is null && MaxCpu is null && MinMemory is null && MaxMemory is null;

    /// <summary>Reads the field <c>limit_range</c>; 0 means no limit.</summary>
    /// <param name="payload">What has the field.</param>
    /// <param name="isHubResource">
    /// Bare numbers are millicores and MiB under each name, as in the hub's own resource, which <c>create_limit_range</c>
    /// carries; else only under the camelCase names, and cores and GiB under the others.
    /// </param>
    public static LimitDeclaration Read(PayloadReader payload, bool isHubResource = false)
    {
        var limits = payload.Section("limit_range");
        var read = ReadSection(limits, isHubResource);
        RejectCrossed(limits, MinCpuField, read.MinCpu, MaxCpuField, read.MaxCpu);
        RejectCrossed(limits, MinMemoryField, read.MinMemory, MaxMemoryField, read.MaxMemory);
        return read;
    }

    /// <summary>As <see cref="Read"/> takes it, whatever bare numbers mean; null when nothing is declared.</summary>
    public JsonObject? ToJson()
    {
        if (IsEmpty) return null;
        var json = new JsonObject();
        foreach (var (field, value) in Fields)
        {
            if (value is { } quantity) json[field.Name] = quantity.Text;
        }
        return json;
    }

    /// <summary>
    /// A valid <c>limit_range</c> as a change of what is declared: quantities under the contract's names, <c>null</c> for
    /// what is removed.
    /// </summary>
    public static JsonElement ToChange(JsonElement limits, bool isHubResource)
    {
        var change = new JsonObject();
        foreach (var (field, value) in ReadSection(new PayloadReader(limits), isHubResource).Fields)
        {
            if (value is { } quantity) change[field.Name] = quantity.Text;
            else if (field.IsRemovedBy(limits)) change[field.Name] = null;
        }
        return JsonElement.Parse(change.ToJsonString());
    }

    private static LimitDeclaration ReadSection(PayloadReader limits, bool isHubResource) => new()
    {
        MinCpu = MinCpuField.Read(limits, QuotaDeclaration.MaxCores, isHubResource),
        MaxCpu = MaxCpuField.Read(limits, QuotaDeclaration.MaxCores, isHubResource),
        MinMemory = MinMemoryField.Read(limits, QuotaDeclaration.MaxBytes, isHubResource),
        MaxMemory = MaxMemoryField.Read(limits, QuotaDeclaration.MaxBytes, isHubResource),
    };

    private IEnumerable<(LimitField Field, Quantity? Value)> Fields =>
        [(MinCpuField, MinCpu), (MaxCpuField, MaxCpu), (MinMemoryField, MinMemory), (MaxMemoryField, MaxMemory)];

    private static void RejectCrossed(PayloadReader limits, LimitField minField, Quantity? min, LimitField maxField, Quantity? max)
    {
        if (min is { } low && max is { } high && low.Value > high.Value)
            limits.Reject(minField.Name, low.Text, $"at most {maxField.Name} ({high.Text})");
    }

    /// <summary>One limit: its name in the contract, the one in the hub's own resource, and what bare numbers count under each.</summary>
    private sealed record LimitField(string Name, string HubName, string Unit, string HubUnit)
    {
        public Quantity? Read(PayloadReader limits, decimal max, bool isHubResource)
        {
            if (limits.IsZero(Name, HubName)) return null;
            return QuotaDeclaration.ReadUpTo(limits, isHubResource ? HubUnit : Unit, max, Name)
                ?? QuotaDeclaration.ReadUpTo(limits, HubUnit, max, HubName);
        }

        // Given, and no limit: null or 0.
        public bool IsRemovedBy(JsonElement limits) => IsNoLimit(limits, Name) || IsNoLimit(limits, HubName);

        private static bool IsNoLimit(JsonElement limits, string name) =>
            JsonText.TryGetProperty(limits, name, out var value)
            && (value.ValueKind is JsonValueKind.Null || new PayloadReader(limits).IsZero(name));
    }
}
