using System.Text.Json.Nodes;

namespace KubernetesSandbox.Cluster;

/// <summary>How to write.</summary>
internal sealed record WriteOptions
{
    /// <summary>Check and answer, but change nothing.</summary>
    public bool DryRun { get; init; }

    /// <summary>The part that is written, e.g. <c>status</c>; null: the object itself.</summary>
    public string? Subresource { get; init; }

    /// <summary>Whether the whole object is given (<c>PUT</c>), not a change of it.</summary>
    public bool IsReplacement { get; init; }

    /// <summary>Whether the change is a server-side apply, which notes itself who owns what.</summary>
    public bool IsApply { get; init; }

    /// <summary>The field manager that gets to own what is written.</summary>
    public string Manager { get; init; } = "sandbox";
}

/// <summary>Creates and changes objects by the rules that hold for every kind.</summary>
internal sealed class ObjectWriter(ObjectStore store, Quotas quotas, TimeProvider time)
{
    private const string SuffixCharacters = "bcdfghjklmnpqrstvwxz2456789";

    /// <summary>Creates an object of a body that it then owns.</summary>
    /// <exception cref="ApiException">Refused.</exception>
    public StoredObject Create(ResourceKind kind, string ns, JsonObject body, WriteOptions options)
    {
        ObjectShape.Check(kind, body);
        var metadata = body.Metadata();
        CheckNamespace(kind, ns, metadata);
        if (metadata.Text("name") is not { Length: > 0 } && metadata.Text("generateName") is { Length: > 0 } prefix)
            metadata["name"] = prefix + RandomSuffix();
        if (metadata.Text("resourceVersion") is { Length: > 0 })
            throw new ApiException(500, null, "resourceVersion should not be set on objects to be created");
        var key = new ObjectKey(ns, metadata.Text("name") ?? "");
        CheckNamespaceTakes(kind, key);

        metadata["uid"] = Guid.NewGuid().ToString();
        metadata["creationTimestamp"] = time.GetUtcNow().ToApiTime();
        metadata.Remove("deletionTimestamp");
        metadata.Remove("deletionGracePeriodSeconds");
        metadata.Remove("selfLink");
        if (kind.HasGeneration) metadata["generation"] = 1;
        else metadata.Remove("generation");
        if (kind.HasStatus && !KindRules.KeepsStatusOnCreate(kind)) body.Remove("status");
        var content = Finish(kind, key, body, null, options);

        var resource = KindRegistry.StoredAs(kind);
        if (store.Get(resource, key) is not null) throw ApiErrors.AlreadyExists(kind, key.Name);
        if (options.DryRun)
        {
            Admit(kind, key, content);
            return new StoredObject(resource, key, 0, content);
        }
        return store.TryPut(resource, key, null, content, () => Admit(kind, key, content))
            ?? throw ApiErrors.AlreadyExists(kind, key.Name);
    }

    /// <summary>Changes an object; tries again when someone else was quicker, unless the change names a version.</summary>
    /// <param name="change">Makes the wished object of the current one, which it must not change.</param>
    /// <returns>The object as it is then (as it was last, if that removed it).</returns>
    /// <exception cref="ApiException">Refused.</exception>
    public StoredObject Update(
        ResourceKind kind, ObjectKey key, Func<StoredObject, JsonObject> change, WriteOptions options)
    {
        var resource = KindRegistry.StoredAs(kind);
        while (true)
        {
            var current = store.Get(resource, key) ?? throw ApiErrors.NotFound(kind, key.Name);
            var wished = change(current);
            ObjectShape.Check(kind, wished);
            CheckIdentity(kind, current, wished, options);
            var next = Finish(kind, key, Merge(kind, current.Content, wished, options), current.Content, options);
            if (IsUnchanged(current.Content, next)) return current;
            if (options.DryRun) return new StoredObject(resource, key, current.Version, next);
            if (DeletionRules.IsDone(kind, next))
            {
                if (store.TryRemove(current)) return new StoredObject(resource, key, current.Version, next);
            }
            else if (store.TryPut(resource, key, current, next) is { } put)
            {
                return put;
            }
        }
    }

    /// <summary>The manager that a write is noted for, without its fields.</summary>
    public FieldManagers.Entry Manager(ResourceKind kind, WriteOptions options) => new(
        options.Manager,
        options.IsApply ? FieldManagers.ApplyOperation : FieldManagers.UpdateOperation,
        kind.ApiVersion,
        options.Subresource ?? "",
        time.GetUtcNow().ToApiTime(),
        new FieldSet());

    private static void CheckNamespace(ResourceKind kind, string ns, JsonObject metadata)
    {
        if (!kind.Namespaced)
        {
            metadata.Remove("namespace");
            return;
        }
        if (metadata.Text("namespace") is { Length: > 0 } named && named != ns)
        {
            throw ApiErrors.BadRequest(
                "the namespace of the provided object does not match the namespace sent on the request");
        }
        metadata["namespace"] = ns;
    }

    private static void CheckIdentity(ResourceKind kind, StoredObject current, JsonObject wished, WriteOptions options)
    {
        var (key, metadata) = (current.Key, wished.Metadata());
        CheckNamespace(kind, key.Namespace, metadata);
        var name = metadata.Text("name");
        if (string.IsNullOrEmpty(name))
        {
            throw ApiErrors.BadRequest(
                $"the name of the object ({key.Name} based on URL) was undeterminable: name must be provided");
        }
        if (name != key.Name)
            throw ApiErrors.BadRequest($"the name of the object ({name}) does not match the name on the URL ({key.Name})");
        var version = metadata.Text("resourceVersion");
        if (string.IsNullOrEmpty(version))
        {
            if (kind.IsCustom && options.IsReplacement)
            {
                throw ApiErrors.Invalid(kind, key.Name, [new(
                    "FieldValueInvalid", "Invalid value: 0x0: must be specified for an update", "metadata.resourceVersion")]);
            }
        }
        else if (version != current.Content.Text("metadata", "resourceVersion"))
        {
            throw ApiErrors.Conflict(kind, key.Name);
        }
        if (metadata.Text("uid") is { Length: > 0 } uid && uid != current.Uid)
        {
            throw ApiErrors.Conflict(
                kind, key.Name, $"Precondition failed: UID in precondition: {uid}, UID in object meta: {current.Uid}");
        }
    }

    /// <summary>The wished object as far as the writer may wish: the rest stays.</summary>
    private static JsonObject Merge(ResourceKind kind, JsonObject current, JsonObject wished, WriteOptions options)
    {
        // Who names no managers keeps them; who names empty ones starts anew.
        if (wished.Items("metadata", "managedFields") is not { Count: > 0 } && !options.IsApply)
            SetOrRemove(wished.Metadata(), ManagedFields, current.At("metadata", ManagedFields));
        if (options.Subresource is { } subresource)
        {
            var copy = current.Copy();
            SetOrRemove(copy.Metadata(), ManagedFields, wished.At("metadata", ManagedFields));
            if (subresource == "finalize") copy.MapAt("spec")["finalizers"] = wished.At("spec", "finalizers")?.DeepClone();
            else SetOrRemove(copy, "status", wished["status"]);
            return copy;
        }
        if (kind.HasStatus) SetOrRemove(wished, "status", current["status"]);
        var (from, to) = (current.Metadata(), wished.Metadata());
        foreach (var managed in ManagedMetadata) SetOrRemove(to, managed, from[managed]);
        return wished;
    }

    private const string ManagedFields = "managedFields";

    private static readonly string[] ManagedMetadata =
        ["uid", "resourceVersion", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "generation"];

    private JsonObject Finish(
        ResourceKind kind, ObjectKey key, JsonObject body, JsonObject? current, WriteOptions options)
    {
        body["kind"] = kind.Kind;
        body["apiVersion"] = kind.ApiVersion;
        KindRules.Default(kind, body, current);
        body = body.Normalized();
        ObjectValidation.Check(kind, key, body, current);
        if (current is not null && kind.HasGeneration && !SpecEquals(kind, current, body))
            body.Metadata()["generation"] = (current.Number("metadata", "generation") ?? 0) + 1;
        if (!options.IsApply) FieldManagers.NoteUpdate(current, body, FieldSchema.Of(kind), Manager(kind, options));
        return body;
    }

    private static bool SpecEquals(ResourceKind kind, JsonObject a, JsonObject b)
    {
        bool Counts(string field) => field is not ("metadata" or "kind" or "apiVersion") && !(field is "status" && kind.HasStatus);
        return a.Where(field => Counts(field.Key)).All(field => JsonNode.DeepEquals(field.Value, b[field.Key]))
            && b.Where(field => Counts(field.Key)).All(field => a.ContainsKey(field.Key));
    }

    private static bool IsUnchanged(JsonObject current, JsonObject next)
    {
        return JsonNode.DeepEquals(Comparable(current), Comparable(next));

        static JsonObject Comparable(JsonObject content)
        {
            var copy = content.Copy();
            copy.Remove("apiVersion");
            return copy;
        }
    }

    /// <summary>What depends on other objects: under the lock nothing of it can change before the object is there.</summary>
    private void Admit(ResourceKind kind, ObjectKey key, JsonObject content)
    {
        CheckNamespaceTakes(kind, key);
        var definition = new ObjectKey("", kind.Resource.ToString());
        if (kind.IsCustom && store.Get(BuiltInKinds.CustomResourceDefinition.Resource, definition) is not { IsDeleting: false })
            throw ApiErrors.Forbidden(kind, key.Name, "create not allowed while custom resource definition is terminating");
        if (kind.Namespaced) quotas.Check(kind, key, content);
    }

    private void CheckNamespaceTakes(ResourceKind kind, ObjectKey key)
    {
        if (!kind.Namespaced) return;
        var ns = store.Get(BuiltInKinds.Namespace.Resource, new("", key.Namespace))
            ?? throw ApiErrors.NotFound(BuiltInKinds.Namespace, key.Namespace);
        if (!ns.IsDeleting) return;
        throw ApiErrors.Forbidden(
            kind,
            key.Name,
            $"unable to create new content in namespace {key.Namespace} because it is being terminated",
            new JsonObject
            {
                ["reason"] = "NamespaceTerminating",
                ["message"] = $"namespace {key.Namespace} is being terminated",
                ["field"] = "metadata.namespace",
            });
    }

    private static void SetOrRemove(JsonObject map, string key, JsonNode? value)
    {
        if (value is null) map.Remove(key);
        else map[key] = value.DeepClone();
    }

#pragma warning disable CA5394 // a name needs no secret
    private static string RandomSuffix() => new(Random.Shared.GetItems<char>(SuffixCharacters, 5));
#pragma warning restore CA5394
}
