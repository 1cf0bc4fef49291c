using System.Text.Json.Nodes;

namespace KubernetesSandbox.Cluster;

/// <summary>Empties namespaces that are being deleted and lets them go when nothing is left.</summary>
internal sealed class NamespaceController(
    ObjectStore store, KindRegistry kinds, ObjectWriter writer, ObjectDeleter deleter, TimeProvider time) : IClusterController
{
    private readonly HashSet<string> _touched = [];

    public void See(StoreEvent change)
    {
        if (change.Resource == BuiltInKinds.Namespace.Resource)
        {
            if (change.Current is { IsDeleting: true } ns) _touched.Add(ns.Key.Name);
        }
        else if (change.Object.Key.Namespace.Length > 0)
        {
            _touched.Add(change.Object.Key.Namespace);
        }
    }

    public void Act()
    {
        foreach (var name in _touched)
        {
            if (store.Get(BuiltInKinds.Namespace.Resource, new("", name)) is { IsDeleting: true } ns) Empty(ns);
        }
        _touched.Clear();
    }

    private void Empty(StoredObject ns)
    {
        var left = new List<(ResourceKind Kind, StoredObject Object)>();
        foreach (var kind in kinds.Stored().Where(kind => kind.Namespaced))
        {
            foreach (var one in store.Read(KindRegistry.StoredAs(kind)).Objects.Values.Where(one => one.Key.Namespace == ns.Key.Name))
            {
                var isGone = !one.IsDeleting && ControllerActions.Delete(deleter, kind, one, Propagation.Background);
                if (!isGone) left.Add((kind, one));
            }
        }
        if (left.Count == 0)
            ControllerActions.Update(writer, BuiltInKinds.Namespace, ns.Key, "finalize", ns => ns.MapAt("spec").Remove("finalizers"));
        else
            ControllerActions.Update(writer, BuiltInKinds.Namespace, ns.Key, "status", content => SayWhatIsLeft(content, left));
    }

    private void SayWhatIsLeft(JsonObject content, List<(ResourceKind Kind, StoredObject Object)> left)
    {
        var remaining = left
            .GroupBy(entry => KindRegistry.StoredAs(entry.Kind).ToString())
            .Select(group => $"{group.Key} has {group.Count()} resource instances");
        var finalizers = left
            .SelectMany(entry => entry.Object.Finalizers)
            .GroupBy(finalizer => finalizer)
            .Select(group => $"{group.Key} in {group.Count()} resource instances")
            .ToList();
        var conditions = new List<JsonNode?>
        {
            Condition("NamespaceContentRemaining", "SomeResourcesRemain", $"Some resources are remaining: {string.Join(", ", remaining)}"),
        };
        if (finalizers.Count > 0)
        {
            conditions.Add(Condition(
                "NamespaceFinalizersRemaining",
                "SomeFinalizersRemain",
                $"Some content in the namespace has finalizers remaining: {string.Join(", ", finalizers)}"));
        }
        var status = content.MapAt("status");
        var before = status.Items("conditions") ?? [];
        foreach (var condition in conditions)
        {
            var same = before.FirstOrDefault(one => one.Text("type") == condition.Text("type"));
            if (same is not null) condition!["lastTransitionTime"] = same["lastTransitionTime"]?.DeepClone();
        }
        status["conditions"] = new JsonArray([.. conditions]);

        JsonObject Condition(string type, string reason, string message) => new()
        {
            ["type"] = type,
            ["status"] = "True",
            ["lastTransitionTime"] = time.GetUtcNow().ToApiTime(),
            ["reason"] = reason,
            ["message"] = message,
        };
    }
}
