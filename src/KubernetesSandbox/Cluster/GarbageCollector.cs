using System.Text.Json.Nodes;

namespace KubernetesSandbox.Cluster;

/// <summary>
/// Deletes what has lost its owners, and carries out foreground deletion (the owner goes last) and orphaning (what it owned
/// stays).
/// </summary>
internal sealed class GarbageCollector(
    ObjectStore store, KindRegistry kinds, ObjectWriter writer, ObjectDeleter deleter) : IClusterController
{
    private readonly Dictionary<string, Location> _living = [];
    private readonly Dictionary<string, HashSet<Location>> _dependents = [];
    private readonly HashSet<Location> _suspects = [];
    private readonly HashSet<Location> _leaving = [];

    private readonly record struct Location(GroupResource Resource, ObjectKey Key);

    public void See(StoreEvent change)
    {
        var place = new Location(change.Resource, change.Object.Key);
        var (before, now) = (OwnersOf(change.Previous), OwnersOf(change.Current));
        foreach (var owner in before.Except(now)) _dependents.GetValueOrDefault(owner)?.Remove(place);
        foreach (var owner in now.Except(before))
        {
            if (!_dependents.TryGetValue(owner, out var places)) _dependents[owner] = places = [];
            places.Add(place);
            _suspects.Add(place);
        }
        if (change.Current is { } current)
        {
            _living[current.Uid] = place;
            if (current.IsDeleting) _leaving.Add(place);
        }
        else
        {
            var uid = change.Previous!.Uid;
            _living.Remove(uid);
            if (_dependents.Remove(uid, out var orphaned)) _suspects.UnionWith(orphaned);
        }
        // Something that a foreground deletion waits for may be gone.
        foreach (var owner in before)
        {
            if (_living.TryGetValue(owner, out var ownerPlace)) _leaving.Add(ownerPlace);
        }
    }

    public void Act()
    {
        foreach (var place in _suspects) CollectUnowned(place);
        _suspects.Clear();
        foreach (var place in _leaving) LetGo(place);
        _leaving.Clear();
    }

    private void CollectUnowned(Location place)
    {
        if (store.Get(place.Resource, place.Key) is not { } one || kinds.FindStored(place.Resource) is not { } kind) return;
        var owners = OwnersOf(one);
        var gone = owners.Where(owner => !_living.ContainsKey(owner)).ToHashSet();
        if (gone.Count == 0) return;
        if (gone.Count == owners.Count) ControllerActions.Delete(deleter, kind, one, Propagation.Background);
        else ControllerActions.Update(writer, kind, one.Key, null, content => RemoveOwners(content, gone));
    }

    private void LetGo(Location place)
    {
        if (store.Get(place.Resource, place.Key) is not { IsDeleting: true } owner) return;
        if (kinds.FindStored(place.Resource) is not { } kind) return;
        var dependents = _dependents.GetValueOrDefault(owner.Uid, [])
            .Select(dependent => store.Get(dependent.Resource, dependent.Key))
            .OfType<StoredObject>()
            .Where(dependent => OwnersOf(dependent).Contains(owner.Uid))
            .ToList();
        if (owner.Finalizers.Contains(DeletionRules.OrphanFinalizer)) Orphan(kind, owner, dependents);
        else if (owner.Finalizers.Contains(DeletionRules.ForegroundFinalizer)) GoLast(kind, owner, dependents);
    }

    private void Orphan(ResourceKind kind, StoredObject owner, List<StoredObject> dependents)
    {
        foreach (var dependent in dependents)
        {
            if (kinds.FindStored(dependent.Resource) is not { } dependentKind) continue;
            ControllerActions.Update(
                writer, dependentKind, dependent.Key, null, content => RemoveOwners(content, [owner.Uid]));
        }
        RemoveFinalizer(kind, owner, DeletionRules.OrphanFinalizer);
    }

    private void GoLast(ResourceKind kind, StoredObject owner, List<StoredObject> dependents)
    {
        var isBlocked = false;
        foreach (var dependent in dependents)
        {
            if (kinds.FindStored(dependent.Resource) is not { } dependentKind) continue;
            var ownsMore = _dependents.GetValueOrDefault(dependent.Uid) is { Count: > 0 };
            var isGone = !dependent.IsDeleting && ControllerActions.Delete(
                deleter, dependentKind, dependent, ownsMore ? Propagation.Foreground : Propagation.Background);
            isBlocked |= !isGone && Blocks(dependent, owner.Uid);
        }
        if (!isBlocked) RemoveFinalizer(kind, owner, DeletionRules.ForegroundFinalizer);
    }

    private void RemoveFinalizer(ResourceKind kind, StoredObject owner, string finalizer) =>
        ControllerActions.Update(writer, kind, owner.Key, null, content =>
        {
            var finalizers = content.Items("metadata", "finalizers").Texts().Where(one => one != finalizer);
            content.Metadata()["finalizers"] = new JsonArray([.. finalizers]);
        });

    private static void RemoveOwners(JsonObject content, HashSet<string> uids)
    {
        var left = (content.Items("metadata", "ownerReferences") ?? [])
            .Where(owner => !uids.Contains(owner.Text("uid") ?? ""))
            .Select(owner => owner?.DeepClone())
            .ToArray();
        if (left.Length > 0) content.Metadata()["ownerReferences"] = new JsonArray(left);
        else content.Metadata().Remove("ownerReferences");
    }

    private static bool Blocks(StoredObject dependent, string owner) =>
        (dependent.Content.Items("metadata", "ownerReferences") ?? [])
            .Any(one => one.Text("uid") == owner && one.Flag("blockOwnerDeletion") is true);

    private static HashSet<string> OwnersOf(StoredObject? one) =>
        one?.Content.Items("metadata", "ownerReferences") is { } owners
            ? [.. owners.Select(owner => owner.Text("uid")).OfType<string>()]
            : [];
}
