using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using OvimSpokeAgent.Cluster;

namespace OvimSpokeAgent.Leadership;

/// <summary>What the agent reads of a Lease (coordination.k8s.io/v1).</summary>
internal sealed record LeaseObject : IKubernetesObject
{
    public ObjectMetadata Metadata { get => field ?? ObjectMetadata.None; init; }

    public LeaseSpec Spec { get => field ?? new(); init; }

    /// <summary>The Lease as its first holder makes it.</summary>
    public static JsonObject Create(NamespacedName name, string holder, TimeSpan duration, DateTimeOffset now) => new()
    {
        ["apiVersion"] = KubernetesKinds.Lease.ApiVersion,
        ["kind"] = KubernetesKinds.Lease.Kind,
        ["metadata"] = new JsonObject { ["name"] = name.Name, ["namespace"] = name.Namespace },
        ["spec"] = new JsonObject
        {
            ["holderIdentity"] = holder,
            ["leaseDurationSeconds"] = (int)duration.TotalSeconds,
            ["acquireTime"] = Time(now),
            ["renewTime"] = Time(now),
            ["leaseTransitions"] = 0,
        },
    };

    /// <summary>The patch by which a new holder takes it, if nobody changed it since it was read.</summary>
    public JsonObject Take(string holder, TimeSpan duration, DateTimeOffset now) => Patch(new JsonObject
    {
        ["holderIdentity"] = holder,
        ["leaseDurationSeconds"] = (int)duration.TotalSeconds,
        ["acquireTime"] = Time(now),
        ["renewTime"] = Time(now),
        ["leaseTransitions"] = (Spec.LeaseTransitions ?? 0) + (Spec.HolderIdentity == holder ? 0 : 1),
    });

    /// <summary>The patch by which its holder keeps it.</summary>
    public JsonObject Renew(DateTimeOffset now) => Patch(new JsonObject { ["renewTime"] = Time(now) });

    /// <summary>The patch by which its holder lets it go.</summary>
    public JsonObject Release() => Patch(new JsonObject { ["holderIdentity"] = "" });

    private JsonObject Patch(JsonObject spec) => new()
    {
        ["metadata"] = new JsonObject { ["resourceVersion"] = Metadata.ResourceVersion },
        ["spec"] = spec,
    };

    // MicroTime: six fractional digits, always.
    private static string Time(DateTimeOffset time) =>
        time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", CultureInfo.InvariantCulture);
}

/// <summary><c>Lease.spec</c>.</summary>
internal sealed record LeaseSpec
{
    /// <summary>Empty: nobody.</summary>
    public string? HolderIdentity { get; init; }

    public int? LeaseDurationSeconds { get; init; }

    /// <summary>As text: it is only compared, clocks of others say nothing here.</summary>
    public string? RenewTime { get; init; }

    public int? LeaseTransitions { get; init; }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(LeaseObject))]
internal sealed partial class LeaseJson : JsonSerializerContext;
