using System.Text.Json.Nodes;

namespace KubernetesSandbox.Cluster;

/// <summary>Lets a CustomResourceDefinition go when its objects are gone, and with it the watches of its kind.</summary>
internal sealed class DefinitionController(
    ObjectStore store, KindRegistry kinds, ObjectWriter writer, ObjectDeleter deleter) : IClusterController
{
    private readonly HashSet<ObjectKey> _touched = [];

    public void See(StoreEvent change)
    {
        if (change.Resource != BuiltInKinds.CustomResourceDefinition.Resource)
        {
            if (change.Current is null) _touched.Add(new("", change.Resource.ToString()));
        }
        else if (change.Current is null)
        {
            foreach (var kind in kinds.KindsOf(change.Previous!)) store.EndSubscriptions(kind.Resource);
        }
        else if (change.Current.IsDeleting)
        {
            _touched.Add(change.Current.Key);
        }
    }

    public void Act()
    {
        foreach (var key in _touched)
        {
            if (store.Get(BuiltInKinds.CustomResourceDefinition.Resource, key) is { IsDeleting: true } definition) Empty(definition);
        }
        _touched.Clear();
    }

    private void Empty(StoredObject definition)
    {
        var isEmpty = true;
        if (kinds.KindsOf(definition) is [var kind, ..])
        {
            foreach (var one in store.Read(kind.Resource).Objects.Values)
                isEmpty &= !one.IsDeleting && ControllerActions.Delete(deleter, kind, one, Propagation.Background);
        }
        if (!isEmpty) return;
        ControllerActions.Update(writer, BuiltInKinds.CustomResourceDefinition, definition.Key, null, content =>
        {
            var left = content.Items("metadata", "finalizers").Texts().Where(one => one != KindRules.CustomResourceCleanup);
            content.Metadata()["finalizers"] = new JsonArray([.. left]);
        });
    }
}
