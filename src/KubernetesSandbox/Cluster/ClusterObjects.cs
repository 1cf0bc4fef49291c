using System.Text.Json.Nodes;

namespace KubernetesSandbox.Cluster;

/// <summary>
/// The objects of one kind, read and written past the wire: what a test or the tour arranges and looks at. What is returned
/// is the caller's own copy. Writing throws <see cref="ApiException"/> as the API server answers; webhooks are not asked.
/// </summary>
public sealed class ClusterObjects
{
    private readonly ClusterParts _parts;
    private readonly (string Group, string Version, string Plural) _name;

    internal ClusterObjects(ClusterParts parts, string apiVersion, string plural)
    {
        var slash = apiVersion.IndexOf('/', StringComparison.Ordinal);
        _name = slash < 0 ? ("", apiVersion, plural) : (apiVersion[..slash], apiVersion[(slash + 1)..], plural);
        _parts = parts;
    }

    private ResourceKind Kind => _parts.Kinds.Find(_name.Group, _name.Version, _name.Plural)
        ?? throw new InvalidOperationException($"the cluster has no {_name.Plural} in {_name.Group}/{_name.Version}");

    /// <summary>The object, or null.</summary>
    /// <param name="ns">Empty for kinds outside namespaces.</param>
    /// <param name="name">Its name.</param>
    public JsonObject? Get(string ns, string name) => Find(ns, name)?.Content.Copy();

    /// <param name="ns">Null: all namespaces.</param>
    public IReadOnlyList<JsonObject> List(string? ns = null) =>
        [.. _parts.Store.Read(KindRegistry.StoredAs(Kind)).Objects.Values
            .Where(one => ns is null || one.Key.Namespace == ns)
            .Select(one => one.Content.Copy())];

    /// <summary>Creates an object; its namespace stands in its metadata.</summary>
    public JsonObject Create(JsonObject content) =>
        _parts.Writer.Create(Kind, content.Text("metadata", "namespace") ?? "", content.Copy(), new()).Content.Copy();

    /// <summary>Changes an object by a merge patch.</summary>
    /// <param name="ns">Empty for kinds outside namespaces.</param>
    /// <param name="name">Its name.</param>
    /// <param name="patch">The merge patch.</param>
    /// <param name="subresource">e.g. <c>status</c>.</param>
    public JsonObject Patch(string ns, string name, JsonObject patch, string? subresource = null) =>
        _parts.Writer.Update(
            Kind,
            new(ns, name),
            current => MergePatch.Apply(current.Content, patch),
            new WriteOptions { Subresource = subresource }).Content.Copy();

    /// <summary>Deletes an object, in the background what it owns.</summary>
    public void Delete(string ns, string name) => _parts.Deleter.Delete(Kind, new(ns, name), new DeleteRequest());

    /// <summary>The object as soon as it satisfies a condition.</summary>
    public Task<JsonObject> WaitForAsync(
        string ns, string name, Func<JsonObject, bool> condition, CancellationToken cancellationToken) =>
        _parts.Store.Changed.WaitForAsync(
            () => Find(ns, name) is { } found && condition(found.Content) ? found.Content.Copy() : null, cancellationToken);

    /// <summary>All objects as soon as they satisfy a condition.</summary>
    public Task<IReadOnlyList<JsonObject>> WaitForAllAsync(
        Func<IReadOnlyList<JsonObject>, bool> condition, CancellationToken cancellationToken) =>
        _parts.Store.Changed.WaitForAsync(() => List() is var all && condition(all) ? all : null, cancellationToken);

    /// <summary>Completes when there is no such object.</summary>
    public async Task WaitUntilGoneAsync(string ns, string name, CancellationToken cancellationToken) =>
        await _parts.Store.Changed.WaitForAsync(() => Find(ns, name) is null ? "gone" : null, cancellationToken);

    // Where the kind is missing, so is the object.
    private StoredObject? Find(string ns, string name) =>
        _parts.Kinds.Find(_name.Group, _name.Version, _name.Plural) is { } kind
            ? _parts.Store.Get(KindRegistry.StoredAs(kind), new(ns, name))
            : null;
}
