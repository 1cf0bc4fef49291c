using System.Collections.Concurrent;
using System.Text.Json.Serialization.Metadata;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Supervision;

namespace OvimSpokeAgent.VirtualDataCenters;

/// <summary>An object of any of the kinds VDCs are made of.</summary>
internal sealed record AnyOwnedObject : OwnedObject;

/// <summary>
/// Writes the objects of VDCs, one at a time; every step is safe to repeat. Callers hold the namespace
/// (<see cref="VdcLocks"/>).
/// </summary>
internal sealed class VdcObjects(IKubernetesApi api, VdcLocks locks, TimeProvider time)
{
    // What the cluster itself changes on its way would be replaced again and again, and is open each time.
    private const int ReplacementsAtOnce = 3;
    private static readonly TimeSpan BetweenReplacements = TimeSpan.FromMinutes(1);

    private readonly ConcurrentDictionary<(ResourceKind, NamespacedName), TokenBucket> _replacements = [];
    private readonly ConcurrentDictionary<(ResourceKind, NamespacedName), string> _written = [];

    private static JsonTypeInfo<AnyOwnedObject> Type => VdcJson.Default.AnyOwnedObject;

    /// <summary>The object as it is on the server now, or null.</summary>
    public async Task<AnyOwnedObject?> ReadAsync(
        ResourceKind kind, NamespacedName name, CancellationToken cancellationToken)
    {
        try
        {
            return await api.GetAsync(kind, name, Type, cancellationToken);
        }
        catch (KubernetesApiException e) when (e.Reason is ApiErrorReason.NotFound)
        {
            return null;
        }
    }

    /// <summary>Forgets what was written: someone else may have written since.</summary>
    public void Forget() => _written.Clear();

    /// <summary>Forgets the objects of a namespace that is gone.</summary>
    public void Forget(string ns)
    {
        foreach (var key in _written.Keys.Where(key => key.Item2.Namespace == ns)) _written.TryRemove(key, out _);
        foreach (var key in _replacements.Keys.Where(key => key.Item2.Namespace == ns)) _replacements.TryRemove(key, out _);
    }

    /// <summary>Whether this agent wrote the object since it started; with a fingerprint: whether that is how it wrote it last.</summary>
    public bool HasWritten(OwnedManifest manifest, string? fingerprint = null) =>
        _written.TryGetValue((manifest.Kind, manifest.Name), out var written) && (fingerprint is null || fingerprint == written);

    /// <summary>
    /// Makes an object as it is declared. What an apply leaves (another manager's keys, a role reference, which never
    /// changes) is put right by deleting the object and making it anew.
    /// </summary>
    /// <exception cref="KubernetesApiException">The server refuses it, or it does not become as declared.</exception>
    public async Task PutAsync(OwnedManifest manifest, CancellationToken cancellationToken)
    {
        locks.Wrote(manifest.Name.Namespace);
        AnyOwnedObject? found;
        try
        {
            found = await api.ApplyAsync(manifest.Kind, manifest.Name, manifest.Body, Type, cancellationToken);
            if (OwnedFingerprint.Of(found) == manifest.Fingerprint)
            {
                _written[(manifest.Kind, manifest.Name)] = manifest.Fingerprint;
                return;
            }
        }
        catch (KubernetesApiException e) when (e.Reason is ApiErrorReason.Invalid)
        {
            found = await ReadAsync(manifest.Kind, manifest.Name, cancellationToken);
            if (found is null) throw;
        }
        await ReplaceAsync(manifest, found.Metadata.Uid, cancellationToken);
    }

    /// <summary>Deletes an object; one that is gone, or has another uid by now, is fine.</summary>
    public async Task RemoveAsync(ResourceKind kind, NamespacedName name, string? uid, CancellationToken cancellationToken)
    {
        locks.Wrote(name.Namespace);
        _written.TryRemove((kind, name), out _);
        try
        {
            await api.DeleteAsync(kind, name, new DeleteOptions { Uid = uid }, cancellationToken);
        }
        catch (KubernetesApiException e) when (e.Reason is ApiErrorReason.NotFound or ApiErrorReason.Conflict)
        {
            // Gone, which is what was wanted.
        }
    }

    private async Task ReplaceAsync(OwnedManifest manifest, string uid, CancellationToken cancellationToken)
    {
        var key = (manifest.Kind, manifest.Name);
        var replacements = _replacements.GetOrAdd(key, _ => new TokenBucket(ReplacementsAtOnce, BetweenReplacements, time));
        if (!replacements.TryTake()) throw Unkept(manifest);
        await RemoveAsync(manifest.Kind, manifest.Name, uid, cancellationToken);
        var made = await api.ApplyAsync(manifest.Kind, manifest.Name, manifest.Body, Type, cancellationToken);
        if (OwnedFingerprint.Of(made) != manifest.Fingerprint) throw Unkept(manifest);
        _written[key] = manifest.Fingerprint;
    }

    private static KubernetesApiException Unkept(OwnedManifest manifest) => new(
        ApiErrorReason.Invalid, $"{manifest} does not stay as declared: something on the cluster changes what is written");
}
