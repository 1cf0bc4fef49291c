using System.Globalization;
using System.Text.Json;
using OvimSpokeAgent.Cluster;

namespace OvimSpokeAgent.VirtualDataCenters;

/// <summary>
/// Whether an object lets in more than it is declared to. What cannot be seen to let in less counts as more. Both sides are
/// contents of <see cref="OwnedFingerprint"/>s: keys sorted, what is empty left out, quantities as decimal numbers. Pure.
/// </summary>
internal static class Loosening
{
    private static readonly string[] KnownOfPolicy = ["podSelector", "policyTypes", "ingress", "egress"];

    public static bool IsLooser(ResourceKind kind, JsonElement wanted, JsonElement found) =>
        kind == KubernetesKinds.RoleBinding ? HasMoreAccess(wanted, found)
        : !found.TryGetProperty("spec", out var there) || !wanted.TryGetProperty("spec", out var spec)
        || (kind == KubernetesKinds.ResourceQuota ? IsLooserQuota(spec, there)
            : kind == KubernetesKinds.LimitRange ? IsLooserLimits(spec, there)
            : IsLooserPolicy(spec, there));

    // Someone more, or a role that may allow anything.
    private static bool HasMoreAccess(JsonElement wanted, JsonElement found) =>
        !Same(wanted, found, "roleRef") || Items(found, "subjects").Exists(subject => !Contains(Items(wanted, "subjects"), subject));

    // Scopes make it count less.
    private static bool IsLooserQuota(JsonElement wanted, JsonElement found) =>
        found.TryGetProperty("scopes", out _) || found.TryGetProperty("scopeSelector", out _)
        || !AllWithin(wanted, found, "hard", isMaximum: true);

    private static bool IsLooserLimits(JsonElement wanted, JsonElement found) => Items(wanted, "limits").Exists(limit =>
        !Items(found, "limits").Exists(there => Same(limit, there, "type")
            && AllWithin(limit, there, "max", isMaximum: true)
            && AllWithin(limit, there, "default", isMaximum: true)
            && AllWithin(limit, there, "maxLimitRequestRatio", isMaximum: true)
            && AllWithin(limit, there, "min", isMaximum: false)
            // What a pod without requests counts against the quota.
            && AllWithin(limit, there, "defaultRequest", isMaximum: false)));

    private static bool IsLooserPolicy(JsonElement wanted, JsonElement found)
    {
        if (found.EnumerateObject().Any(member => !KnownOfPolicy.Contains(member.Name)) || !Same(wanted, found, "podSelector")) return true;
        var restricted = Items(wanted, "policyTypes");
        return restricted.Exists(type => !Contains(Items(found, "policyTypes"), type))
            || restricted.Exists(type => Opens(type.GetString()!.ToLowerInvariant()));

        bool Opens(string direction) => Items(found, direction)
            .Exists(rule => !Items(wanted, direction).Exists(declared => IsWithin(declared, rule)));
    }

    // A rule lets in what is in one of its peers and uses one of its ports; without peers or ports: all of them.
    private static bool IsWithin(JsonElement declared, JsonElement rule)
    {
        return rule.EnumerateObject().All(member => member.Name is "from" or "to" or "ports")
            && IsPart("from") && IsPart("to") && IsPart("ports");

        bool IsPart(string field)
        {
            var (allowed, asked) = (Items(declared, field), Items(rule, field));
            return allowed.Count == 0 || (asked.Count > 0 && asked.TrueForAll(item => Contains(allowed, item)));
        }
    }

    // Each declared value is there and not beyond what is declared.
    private static bool AllWithin(JsonElement wanted, JsonElement found, string field, bool isMaximum)
    {
        if (!wanted.TryGetProperty(field, out var declared)) return true;
        if (!found.TryGetProperty(field, out var there)) return false;
        return declared.EnumerateObject().All(value => there.TryGetProperty(value.Name, out var other)
            && (JsonElement.DeepEquals(value.Value, other)
                || (Number(value.Value) is { } limit && Number(other) is { } number && (isMaximum ? number <= limit : number >= limit))));
    }

    private static decimal? Number(JsonElement value) =>
        decimal.TryParse(value.ToString(), NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? number : null;

    private static bool Same(JsonElement one, JsonElement other, string field) =>
        one.TryGetProperty(field, out var a) ? other.TryGetProperty(field, out var b) && JsonElement.DeepEquals(a, b)
            : !other.TryGetProperty(field, out _);

    private static List<JsonElement> Items(JsonElement of, string field) =>
        of.TryGetProperty(field, out var list) && list.ValueKind is JsonValueKind.Array ? [.. list.EnumerateArray()] : [];

    private static bool Contains(List<JsonElement> items, JsonElement item) => items.Exists(one => JsonElement.DeepEquals(one, item));
}
