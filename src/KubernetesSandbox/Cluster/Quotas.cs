using System.Text.Json.Nodes;

namespace KubernetesSandbox.Cluster;

/// <summary>ResourceQuotas: refuses what would exceed one, and writes into each what is used of it.</summary>
internal sealed class Quotas(ObjectStore store)
{
    private static readonly GroupResource Resource = new("", "resourcequotas");

    public IEnumerable<StoredObject> In(string ns) =>
        store.Read(Resource).Objects.Values.Where(quota => quota.Key.Namespace == ns);

    /// <exception cref="ApiException">403: a quota of the namespace does not allow this new object.</exception>
    public void Check(ResourceKind kind, ObjectKey key, JsonObject content)
    {
        var resource = KindRegistry.StoredAs(kind);
        foreach (var quota in In(key.Namespace)) Check(quota, kind, resource, key, content);
    }

    /// <summary>What is used of what a quota limits.</summary>
    public JsonObject UsedOf(StoredObject quota)
    {
        var used = new JsonObject();
        foreach (var (name, _) in quota.Content.Map("spec", "hard") ?? []) used[name] = QuantityText.Write(Used(quota.Key.Namespace, name));
        return used;
    }

    private void Check(StoredObject quota, ResourceKind kind, GroupResource resource, ObjectKey key, JsonObject content)
    {
        var hard = quota.Content.Map("spec", "hard") ?? [];
        var names = QuotaUsage.NamesFor(resource).Where(hard.ContainsKey).Order(StringComparer.Ordinal).ToList();
        var requested = names.ToDictionary(name => name, name => QuotaUsage.Of(name, resource, content));
        var missing = names.Where(name => requested[name] is null)
            .Select(name => $"{name} for: {string.Join(",", QuotaUsage.ContainersWithout(name, content))}").ToList();
        if (missing.Count > 0)
            throw ApiErrors.Forbidden(kind, key.Name, $"failed quota: {quota.Key.Name}: must specify {string.Join("; ", missing)}");
        var used = names.ToDictionary(name => name, name => Used(key.Namespace, name));
        var exceeded = names
            .Where(name => (used[name] + requested[name]!.Value).Billionths > QuantityText.Parse(hard.Text(name)!)!.Value.Billionths)
            .ToList();
        if (exceeded.Count == 0) return;
        throw ApiErrors.Forbidden(
            kind,
            key.Name,
            $"exceeded quota: {quota.Key.Name}, requested: {Show(name => QuantityText.Write(requested[name]!.Value))}, "
            + $"used: {Show(name => QuantityText.Write(used[name]))}, limited: {Show(name => hard.Text(name)!)}");

        string Show(Func<string, string> value) => string.Join(",", exceeded.Select(name => $"{name}={value(name)}"));
    }

    private QuantityAmount Used(string ns, string name)
    {
        var sum = default(QuantityAmount);
        if (CountedBy(name) is not { } resource) return sum;
        foreach (var (key, one) in store.Read(resource).Objects)
        {
            if (key.Namespace == ns && QuotaUsage.Of(name, resource, one.Content) is { } amount) sum += amount;
        }
        return sum;
    }

    /// <summary>The kind whose objects take of a name; null for names that nothing here takes of.</summary>
    private static GroupResource? CountedBy(string name)
    {
        if (!name.StartsWith("count/", StringComparison.Ordinal))
        {
            return ((GroupResource[])[new("", "pods"), new("", "persistentvolumeclaims"), new("", name)])
                .Where(resource => QuotaUsage.NamesFor(resource).Contains(name))
                .Select(resource => (GroupResource?)resource)
                .FirstOrDefault();
        }
        var counted = name["count/".Length..];
        var dot = counted.IndexOf('.', StringComparison.Ordinal);
        return dot < 0 ? new("", counted) : new(counted[(dot + 1)..], counted[..dot]);
    }
}

/// <summary>Keeps the status of ResourceQuotas.</summary>
internal sealed class QuotaController(Quotas quotas, KindRegistry kinds, ObjectWriter writer) : IClusterController
{
    private readonly HashSet<string> _touched = [];

    public void See(StoreEvent change)
    {
        if (change.Object.Key.Namespace is { Length: > 0 } ns) _touched.Add(ns);
    }

    public void Act()
    {
        var kind = kinds.Find("", "v1", "resourcequotas")!;
        foreach (var quota in _touched.SelectMany(quotas.In).ToList())
        {
            ControllerActions.Update(writer, kind, quota.Key, "status", content => content["status"] = new JsonObject
            {
                ["hard"] = content.At("spec", "hard")?.DeepClone(),
                ["used"] = quotas.UsedOf(quota),
            });
        }
        _touched.Clear();
    }
}
