using System.Text.Json.Nodes;

namespace KubernetesSandbox.Cluster;

/// <summary>Something that keeps order in the store: sees every change, then acts.</summary>
internal interface IClusterController
{
    void See(StoreEvent change);

    /// <summary>Called when the changes so far were seen.</summary>
    void Act();
}

/// <summary>Runs the controllers that belong to every control plane, one after the other, on one loop.</summary>
internal sealed class ClusterControllers(ObjectStore store, IReadOnlyList<IClusterController> controllers)
{
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var changes = store.SubscribeToAll();
        while (await changes.Signals.WaitToReadAsync(cancellationToken))
        {
            while (changes.Signals.TryRead(out var signal))
            {
                if (signal.Change is null) continue;
                foreach (var controller in controllers) controller.See(signal.Change);
            }
            foreach (var controller in controllers) controller.Act();
        }
    }
}

/// <summary>What controllers do to objects that may have changed or gone since they looked.</summary>
internal static class ControllerActions
{
    /// <returns>Whether the object is gone.</returns>
    public static bool Delete(ObjectDeleter deleter, ResourceKind kind, StoredObject one, Propagation propagation)
    {
        try
        {
            return deleter.Delete(kind, one.Key, new DeleteRequest { Uid = one.Uid, Propagation = propagation }).IsGone;
        }
        catch (ApiException e) when (e.Code is 404 or 409)
        {
            return true; // it, or its namesake: the next change will tell
        }
    }

    public static void Update(
        ObjectWriter writer, ResourceKind kind, ObjectKey key, string? subresource, Action<JsonObject> change)
    {
        try
        {
            writer.Update(
                kind,
                key,
                current =>
                {
                    var copy = current.Content.Copy();
                    change(copy);
                    return copy;
                },
                new WriteOptions { Subresource = subresource, Manager = "kube-controller-manager" });
        }
        catch (ApiException e) when (e.Code == 404)
        {
            // Someone else finished it.
        }
    }
}
