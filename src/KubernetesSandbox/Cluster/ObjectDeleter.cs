using System.Text.Json.Nodes;

namespace KubernetesSandbox.Cluster;

/// <summary>What becomes of what the deleted object owns.</summary>
internal enum Propagation
{
    Background,
    Foreground,
    Orphan,
}

/// <summary>How to delete.</summary>
internal sealed record DeleteRequest
{
    /// <summary>Delete only the object with this uid.</summary>
    public string? Uid { get; init; }

    /// <summary>Delete only the object at this version.</summary>
    public string? ResourceVersion { get; init; }

    public Propagation Propagation { get; init; }

    public long? GraceSeconds { get; init; }

    public bool DryRun { get; init; }
}

/// <summary>What a deletion did.</summary>
/// <param name="Object">The object as it is now, or was last.</param>
/// <param name="IsGone">Whether it is gone; otherwise finalizers or a grace period keep it.</param>
internal sealed record Deletion(StoredObject Object, bool IsGone);

/// <summary>Deletes objects: marks those that something keeps, removes the others.</summary>
internal sealed class ObjectDeleter(ObjectStore store, TimeProvider time)
{
    /// <exception cref="ApiException">Refused.</exception>
    public Deletion Delete(ResourceKind kind, ObjectKey key, DeleteRequest request)
    {
        var resource = KindRegistry.StoredAs(kind);
        var isNamespace = resource == BuiltInKinds.Namespace.Resource;
        if (isNamespace && DeletionRules.ImmortalNamespaces.Contains(key.Name))
            throw ApiErrors.Forbidden(kind, key.Name, "this namespace may not be deleted");
        while (true)
        {
            var current = store.Get(resource, key) ?? throw ApiErrors.NotFound(kind, key.Name);
            CheckPreconditions(kind, current, request);
            var next = Marked(kind, current, request);
            if (isNamespace) next.MapAt("status")["phase"] = "Terminating";
            if (DeletionRules.IsDone(kind, next))
            {
                if (request.DryRun || store.TryRemove(current)) return new(current, IsGone: true);
            }
            else if (JsonNode.DeepEquals(next, current.Content))
            {
                return new(current, IsGone: false);
            }
            else if (request.DryRun)
            {
                return new(new StoredObject(resource, key, current.Version, next), IsGone: false);
            }
            else if (store.TryPut(resource, key, current, next.Normalized()) is { } put)
            {
                return new(put, IsGone: false);
            }
        }
    }

    private static void CheckPreconditions(ResourceKind kind, StoredObject current, DeleteRequest request)
    {
        if (request.Uid is { } uid && uid != current.Uid)
        {
            throw ApiErrors.PreconditionFailed(
                kind,
                current.Key.Name,
                $"the UID in the precondition ({uid}) does not match the UID in record ({current.Uid}). "
                + "The object might have been deleted and then recreated");
        }
        var version = current.Content.Text("metadata", "resourceVersion");
        if (request.ResourceVersion is { } asked && asked != version)
        {
            throw ApiErrors.PreconditionFailed(
                kind,
                current.Key.Name,
                $"the ResourceVersion in the precondition ({asked}) does not match the ResourceVersion in record ({version}). "
                + "The object might have been modified");
        }
    }

    private JsonObject Marked(ResourceKind kind, StoredObject current, DeleteRequest request)
    {
        var next = current.Content.Copy();
        var metadata = next.Metadata();
        var finalizers = current.Finalizers
            .Where(finalizer => finalizer is not (DeletionRules.ForegroundFinalizer or DeletionRules.OrphanFinalizer)
                || current.IsDeleting)
            .ToList();
        var wanted = request.Propagation switch
        {
            Propagation.Foreground => DeletionRules.ForegroundFinalizer,
            Propagation.Orphan => DeletionRules.OrphanFinalizer,
            _ => null,
        };
        if (wanted is not null && !finalizers.Contains(wanted)) finalizers.Add(wanted);
        if (finalizers.Count > 0) metadata["finalizers"] = new JsonArray([.. finalizers]);
        else metadata.Remove("finalizers");

        var grace = DeletionRules.GraceSeconds(kind, next, request.GraceSeconds);
        var before = metadata.Number("deletionGracePeriodSeconds");
        if (current.IsDeleting && (before is null || before <= grace)) return next;
        if (!current.IsDeleting && metadata.Number("generation") is { } generation) metadata["generation"] = generation + 1;
        metadata["deletionTimestamp"] = time.GetUtcNow().AddSeconds(grace).ToApiTime();
        metadata["deletionGracePeriodSeconds"] = grace;
        return next;
    }
}
