using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;
using OvimSpokeAgent.Cluster;

namespace OvimSpokeAgent.VirtualDataCenters;

/// <summary>
/// Writes the objects of VDCs, one at a time; every step is safe to repeat. Nothing that is declared is deleted before the same
/// limits or isolates in its place: whatever the server refuses leaves what is there. Callers hold the namespace
/// (<see cref="VdcLocks"/>).
/// </summary>
internal sealed class VdcObjects(IKubernetesApi api, VdcLocks locks)
{
    // What the cluster itself changes on its way is not written again at once: it would be changed again.
    private static readonly TimeSpan BeforeWritingAgain = TimeSpan.FromSeconds(10);

    private readonly ConcurrentDictionary<ObjectKey, string> _written = [];

    private static JsonTypeInfo<LiveObject> Type => VdcJson.Default.LiveObject;

    /// <summary>The object as it is on the server now, or null.</summary>
    public Task<LiveObject?> ReadAsync(ResourceKind kind, NamespacedName name, CancellationToken cancellationToken) =>
        api.FindAsync(kind, name, Type, cancellationToken);

    /// <summary>Forgets what was written: someone else may have written since.</summary>
    public void Forget() => _written.Clear();

    /// <summary>Forgets the objects of a namespace that is gone.</summary>
    public void Forget(string ns)
    {
        foreach (var key in _written.Keys.Where(key => key.Name.Namespace == ns)) _written.TryRemove(key, out _);
    }

    /// <summary>Whether this agent wrote the object since it started; with a fingerprint: whether that is how it wrote it last.</summary>
    public bool HasWritten(OwnedManifest manifest, string? fingerprint = null) =>
        _written.TryGetValue(manifest.Key, out var written) && (fingerprint is null || fingerprint == written);

    /// <summary>
    /// Makes an object as it is declared. What an apply leaves of others' fields is taken off; where a field never changes (a role
    /// reference, the scopes of a quota), the object is replaced under the protection of a stand-in.
    /// </summary>
    /// <exception cref="KubernetesApiException">The server refuses it, or it does not become as declared.</exception>
    public async Task PutAsync(OwnedManifest manifest, CancellationToken cancellationToken)
    {
        var (found, refusal) = await TryApplyAsync(manifest, cancellationToken);
        if (refusal is not null || found.Fingerprint != manifest.Fingerprint)
        {
            var drift = Drift.Between(manifest, found.Fingerprint);
            if (IsFixedOtherwise(manifest, drift)) await ReplaceAsync(manifest, found, cancellationToken);
            else await PutOverAsync(manifest, found, drift, refusal, cancellationToken);
        }
        _written[manifest.Key] = manifest.Fingerprint;
    }

    /// <summary>Deletes an object; one that is gone, or has another uid by now, is fine.</summary>
    public async Task RemoveAsync(ResourceKind kind, NamespacedName name, string? uid, CancellationToken cancellationToken)
    {
        locks.Wrote(name.Namespace);
        _written.TryRemove(new(kind, name), out _);
        try
        {
            await api.DeleteAsync(kind, name, new DeleteOptions { Uid = uid }, cancellationToken);
        }
        catch (KubernetesApiException e) when (e.Reason is ApiErrorReason.NotFound or ApiErrorReason.Conflict)
        {
            // Gone, which is what was wanted.
        }
    }

    /// <summary>The error of an object that the server took and made something else of.</summary>
    public static KubernetesApiException NotKept(ObjectKey key, Drift drift) => new(
        ApiErrorReason.Invalid,
        $"{key} does not stay as declared: something on the cluster, an admission webhook or policy, changes what is written ({drift.Describe()})",
        retryAfter: BeforeWritingAgain);

    private Task<LiveObject> ApplyAsync(OwnedManifest manifest, CancellationToken cancellationToken)
    {
        locks.Wrote(manifest.Name.Namespace);
        return api.ApplyAsync(manifest.Kind, manifest.Name, manifest.Body, Type, cancellationToken);
    }

    // What is there afterwards; with the refusal, if there is something that may have caused it.
    private async Task<(LiveObject Found, KubernetesApiException? Refusal)> TryApplyAsync(
        OwnedManifest manifest, CancellationToken cancellationToken)
    {
        try
        {
            return (await ApplyAsync(manifest, cancellationToken), null);
        }
        catch (KubernetesApiException e) when (e.Reason is ApiErrorReason.Invalid)
        {
            if (await ReadAsync(manifest.Kind, manifest.Name, cancellationToken) is not { } found) throw;
            return (found, e);
        }
    }

    // A RoleBinding's roleRef (rbac/v1) and a ResourceQuota's scopes (core/v1) never change; the agent's quotas have none.
    private static bool IsFixedOtherwise(OwnedManifest manifest, Drift drift) => drift.Fields.Any(field =>
        manifest.Kind == KubernetesKinds.RoleBinding ? field.Path is ["roleRef", ..]
            : manifest.Kind == KubernetesKinds.ResourceQuota && field.Path is ["spec", "scopes", ..]);

    // What others added is still there after an apply, and may be why it is refused (a scopeSelector that does not fit). A value of
    // the agent's own that differs afterwards is the cluster's doing; any other refusal is a refusal, and what is there stays.
    private async Task PutOverAsync(
        OwnedManifest manifest, LiveObject found, Drift drift, KubernetesApiException? refusal, CancellationToken cancellationToken)
    {
        var isAdded = drift.Fields.Select(field => field.Wanted is null).ToList();
        if (refusal is null ? isAdded.Contains(false) : !isAdded.Contains(true)) throw refusal ?? NotKept(manifest.Key, drift);
        var after = await PatchAsync(manifest, found, drift, cancellationToken);
        if (after.Fingerprint != manifest.Fingerprint) throw NotKept(manifest.Key, Drift.Between(manifest, after.Fingerprint));
    }

    // Everything that differs at once, if the object is still the one that was read.
    private Task<LiveObject> PatchAsync(OwnedManifest manifest, LiveObject found, Drift drift, CancellationToken cancellationToken)
    {
        var patch = drift.ToPatch(manifest.Body);
        patch["metadata"] = new JsonObject
        {
            ["resourceVersion"] = found.Metadata.ResourceVersion,
            ["labels"] = manifest.Body["metadata"]!["labels"]!.DeepClone(),
        };
        return api.MergePatchAsync(manifest.Kind, manifest.Name, patch, Type, cancellationToken);
    }

    // Cut off or refused anywhere, there is always one of the two; a stand-in that is left is taken away by the repair once it is
    // not needed.
    private async Task ReplaceAsync(OwnedManifest manifest, LiveObject found, CancellationToken cancellationToken)
    {
        var standIn = manifest.ToStandIn();
        var there = await StandInAsync(standIn, cancellationToken);
        await RemoveAsync(manifest.Kind, manifest.Name, found.Metadata.Uid, cancellationToken);
        var anew = await ApplyAsync(manifest, cancellationToken);
        if (anew.Fingerprint != manifest.Fingerprint) throw NotKept(manifest.Key, Drift.Between(manifest, anew.Fingerprint));
        await RemoveAsync(standIn.Kind, standIn.Name, there.Metadata.Uid, cancellationToken);
    }

    private async Task<LiveObject> StandInAsync(OwnedManifest standIn, CancellationToken cancellationToken)
    {
        var there = await ReadAsync(standIn.Kind, standIn.Name, cancellationToken);
        // Someone else's of this name, with a fixed field of its own, stands in for nothing.
        if (there is not null && IsFixedOtherwise(standIn, Drift.Between(standIn, there.Fingerprint)))
            await RemoveAsync(standIn.Kind, standIn.Name, there.Metadata.Uid, cancellationToken);
        there = await ApplyAsync(standIn, cancellationToken);
        if (there.Fingerprint != standIn.Fingerprint) throw NotKept(standIn.Key, Drift.Between(standIn, there.Fingerprint));
        return there;
    }
}
