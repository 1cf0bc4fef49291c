using System.Text.Json;
using System.Text.Json.Serialization;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Validation;

namespace OvimSpokeAgent.VirtualDataCenters;

/// <summary>
/// An object of any of the kinds that VDCs are made of, or a Namespace, as the server has it now, with who set which field.
/// It is read for one decision and not kept.
/// </summary>
internal sealed record LiveObject
{
    public LiveMetadata Metadata { get => field ?? LiveMetadata.None; init; }

    public JsonElement? Spec { get; init; }

    public JsonElement? Subjects { get; init; }

    public JsonElement? RoleRef { get; init; }

    /// <summary>It carries the agent's label.</summary>
    [JsonIgnore]
    public bool IsOurs => Metadata.Labels?.GetValueOrDefault(WellKnownNames.ManagedByLabel) == WellKnownNames.Agent;

    /// <summary>What it means, by <see cref="OwnedFingerprint"/>.</summary>
    [JsonIgnore]
    public string Fingerprint => field ??= OwnedFingerprint.Of(Spec, Subjects, RoleRef);

    /// <summary>
    /// Who else set what differs, by the names of the field managers; empty: nobody is known. Who removed a field never is.
    /// </summary>
    public IReadOnlyList<string> OthersWhoSet(Drift drift) =>
    [
        .. (Metadata.ManagedFields ?? [])
            .Where(entry => entry.Manager != WellKnownNames.Agent && drift.Fields.Any(field => field.Found is not null && entry.Has(field.Path)))
            .Select(entry => JsonText.Shorten(entry.Manager))
            .Distinct(),
    ];

    /// <summary>The agent itself, an older one or one with other settings, set everything that differs.</summary>
    public bool IsOwnDoing(Drift drift) => IsOurs && drift.Fields.Count > 0 && drift.Fields.All(field => field.Found is not null
        && Metadata.ManagedFields is { } entries && entries.Any(entry => entry.Manager == WellKnownNames.Agent && entry.Has(field.Path))
        && !entries.Any(entry => entry.Manager != WellKnownNames.Agent && entry.Has(field.Path)));
}

/// <summary>What the agent reads of the metadata of an object that it is about to write.</summary>
internal sealed record LiveMetadata
{
    public static readonly LiveMetadata None = new();

    public string Uid { get => field ?? ""; init; }

    public string ResourceVersion { get => field ?? ""; init; }

    public IReadOnlyDictionary<string, string>? Labels { get; init; }

    public IReadOnlyDictionary<string, string>? Annotations { get; init; }

    public IReadOnlyList<ManagedFields>? ManagedFields { get; init; }
}

/// <summary>What one writer last set (<c>ManagedFieldsEntry</c>, meta/v1): kept by the API server, from the writer's own name on.</summary>
internal sealed record ManagedFields
{
    public string Manager { get => field ?? ""; init; }

    /// <summary><c>{"f:spec":{"f:hard":{"f:requests.cpu":{} } } }</c>; an empty object owns all below it.</summary>
    [JsonPropertyName("fieldsV1")]
    public JsonElement? Fields { get; init; }

    /// <summary>Whether the writer set this field, or something that it is part of.</summary>
    public bool Has(IReadOnlyList<string> path)
    {
        if (Fields is not { ValueKind: JsonValueKind.Object } node) return false;
        foreach (var (depth, segment) in path.Index())
        {
            if (depth > 0 && node.GetPropertyCount() == 0) return true;
            if (!node.TryGetProperty("f:" + segment, out node) || node.ValueKind is not JsonValueKind.Object) return false;
        }
        return true;
    }
}
