using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using OvimSpokeAgent.Cluster;

namespace OvimSpokeAgent.VirtualDataCenters;

/// <summary>
/// A ResourceQuota, LimitRange, NetworkPolicy or RoleBinding as the API returns it: what says how it is meant is kept
/// as it is, so that a field that nobody here knows shows as a difference, too.
/// </summary>
internal abstract record OwnedObject : IKubernetesObject
{
    public ObjectMetadata Metadata { get => field ?? ObjectMetadata.None; init; }

    public JsonElement? Spec { get; init; }

    public JsonElement? Subjects { get; init; }

    public JsonElement? RoleRef { get; init; }
}

internal sealed record ResourceQuotaObject : OwnedObject
{
    public ResourceQuotaStatus? Status { get; init; }
}

internal sealed record ResourceQuotaStatus
{
    /// <summary>What the quota controller has taken over from the spec; the admission goes by it.</summary>
    public IReadOnlyDictionary<string, string>? Hard { get; init; }

    public IReadOnlyDictionary<string, string>? Used { get; init; }
}

internal sealed record LimitRangeObject : OwnedObject;

internal sealed record NetworkPolicyObject : OwnedObject;

internal sealed record RoleBindingObject : OwnedObject;

/// <summary>An object as it is declared, ready to be applied.</summary>
internal sealed record OwnedManifest(ResourceKind Kind, NamespacedName Name, JsonObject Body)
{
    /// <summary>What the object on the server must be like.</summary>
    public string Fingerprint { get; } = OwnedFingerprint.Of(Body);

    public ObjectKey Key => new(Kind, Name);

    /// <summary><c>ResourceQuota vdc-quota</c>, as messages name it.</summary>
    public override string ToString() => Key.ToString();

    /// <summary>What can stand in for it; null: nothing needs to, every field of its kind can change.</summary>
    public ObjectKey? StandInKey => Kind == KubernetesKinds.ResourceQuota || Kind == KubernetesKinds.RoleBinding
        ? Key with { Name = VdcNames.StandInOf(Name) }
        : null;

    /// <summary>The same under a second name.</summary>
    public OwnedManifest ToStandIn()
    {
        var name = VdcNames.StandInOf(Name);
        var body = Body.DeepClone().AsObject();
        body["metadata"]!["name"] = name.Name;
        return new OwnedManifest(Kind, name, body);
    }
}

/// <summary>What is kept of an object of a VDC.</summary>
internal record OwnedItem
{
    // More than the agent ever writes, and it is in memory for as long as the object is there.
    private const int MaxLength = 64 << 10;

    /// <summary>The fingerprint of an object of which nothing is as anyone declared it.</summary>
    protected const string Nothing = """{"isTooLong":true}""";

    public required NamespacedName Name { get; init; }

    public required string Uid { get; init; }

    /// <summary>It carries the agent's label.</summary>
    public required bool IsOurs { get; init; }

    /// <summary>What it means, by <see cref="OwnedFingerprint"/>; of what is longer than the agent writes, nothing.</summary>
    public required string Fingerprint { get; init; }

    public static OwnedItem From(OwnedObject item, DateTimeOffset now) => From(item);

    /// <summary>Of other bindings than those that are the agent's or look like them only the name is kept.</summary>
    public static OwnedItem FromBinding(RoleBindingObject binding, DateTimeOffset now) =>
        IsMarked(binding) || binding.Metadata.Name.StartsWith(VdcNames.BindingPrefix, StringComparison.Ordinal)
            ? From(binding)
            : new OwnedItem { Name = binding.Metadata.Key, Uid = "", IsOurs = false, Fingerprint = "" };

    protected static OwnedItem From(OwnedObject item) => new()
    {
        Name = item.Metadata.Key,
        Uid = item.Metadata.Uid,
        IsOurs = IsMarked(item),
        Fingerprint = OwnedFingerprint.Of(item) is { Length: <= MaxLength } fingerprint ? fingerprint : Nothing,
    };

    private static bool IsMarked(OwnedObject item) => item.Metadata.Label(Names.ManagedByLabel) == Names.Agent;
}

internal sealed record ResourceQuotaItem : OwnedItem
{
    /// <summary>How much the agent added to what was declared; null where it does not say.</summary>
    public QuotaPadding? Padding { get; init; }

    /// <summary>What the quota controller counts.</summary>
    public required IReadOnlyDictionary<string, decimal> Used { get; init; }

    /// <summary>The values that the admission goes by; empty until the quota controller has seen the quota.</summary>
    public required IReadOnlyDictionary<string, decimal> Enforced { get; init; }

    public static ResourceQuotaItem From(ResourceQuotaObject quota, DateTimeOffset now)
    {
        var item = From(quota);
        return new ResourceQuotaItem
        {
            Name = item.Name,
            Uid = item.Uid,
            IsOurs = item.IsOurs,
            Fingerprint = item.Fingerprint,
            Padding = QuotaPadding.Parse(quota.Metadata.Annotation(QuotaPadding.Annotation)),
            Used = ValuesOf(quota.Status?.Used),
            Enforced = ValuesOf(quota.Status?.Hard),
        };
    }

    private static Dictionary<string, decimal> ValuesOf(IReadOnlyDictionary<string, string>? texts)
    {
        var values = new Dictionary<string, decimal>();
        foreach (var resource in VdcManifests.QuotaResources)
        {
            if (texts is not null && texts.TryGetValue(resource, out var text) && Quantity.TryRead(text, out var quantity))
                values[resource] = quantity.Value;
        }
        return values;
    }
}

internal sealed record NetworkPolicyItem : OwnedItem
{
    /// <summary>What is watched for it: everyone's policies.</summary>
    public static WatchSpec<NetworkPolicyObject, NetworkPolicyItem> Watch { get; } = new()
    {
        Kind = KubernetesKinds.NetworkPolicy,
        Type = VdcJson.Default.NetworkPolicyObject,
        Project = From,
        Unreadable = FromUnreadable,
    };

    /// <summary>What it lets through; where that is too long or too odd to be judged, everything.</summary>
    public required NetworkPolicySpec Spec { get; init; }

    public static NetworkPolicyItem From(NetworkPolicyObject policy, DateTimeOffset now)
    {
        var item = From(policy);
        return new NetworkPolicyItem
        {
            Name = item.Name,
            Uid = item.Uid,
            IsOurs = item.IsOurs,
            Fingerprint = item.Fingerprint,
            Spec = item.Fingerprint == Nothing ? NetworkPolicySpec.AllowAll
                : policy.Spec?.Deserialize(VdcJson.Default.NetworkPolicySpec) ?? new NetworkPolicySpec(),
        };
    }

    /// <summary>One that cannot be read may let everything through.</summary>
    public static NetworkPolicyItem FromUnreadable(UnreadableObject policy, NetworkPolicyItem? before) => new()
    {
        Name = policy.Metadata.Key,
        Uid = policy.Metadata.Uid,
        IsOurs = false,
        Fingerprint = Nothing,
        Spec = NetworkPolicySpec.AllowAll,
    };
}

/// <summary>JSON of the kinds a VDC is made of.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(LiveObject))]
[JsonSerializable(typeof(ResourceQuotaObject))]
[JsonSerializable(typeof(LimitRangeObject))]
[JsonSerializable(typeof(NetworkPolicyObject))]
[JsonSerializable(typeof(RoleBindingObject))]
[JsonSerializable(typeof(NetworkPolicySpec))]
[JsonSerializable(typeof(PersistentVolumeObject))]
[JsonSerializable(typeof(GuestObject))]
internal sealed partial class VdcJson : JsonSerializerContext;
