using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Supervision;

namespace OvimSpokeAgent.VirtualDataCenters;

/// <summary>
/// Finds out what of a namespace is not as declared, and puts that right: each object at its own pace, and whatever becomes of the
/// others.
/// </summary>
internal sealed class VdcRepair(
    VdcNamespaceWriter namespaces,
    VdcApplier applier,
    VdcObjects objects,
    VdcCaches caches,
    HeadroomTracker headroom,
    Takeover takeover,
    RepairHistory history,
    RepairNews news,
    ObjectFailures failures)
{
    private readonly ObjectGuard _guard = failures.At("vdc repair, object");

    /// <summary>Forgets what was written before.</summary>
    public void Forget()
    {
        objects.Forget();
        headroom.Forget();
        history.Forget();
    }

    /// <summary>Forgets a namespace that is gone.</summary>
    public void Forget(string ns)
    {
        objects.Forget(ns);
        headroom.Forget(ns);
        history.Forget(ns);
        foreach (var failure in _guard.Current.Failures.Where(failure => failure.Name.StartsWith(GuardKey(ns), StringComparison.Ordinal)))
            _guard.ClearFailure(failure.Name);
    }

    /// <summary>Whether the caches show it as declared.</summary>
    public bool IsInSync(DeclaredNamespace ns) => DeviationsOf(ns, applier.Expected(ns.Name, ns.Enforced!)).Count == 0;

    /// <summary>The objects as they are to be, with the quota's headroom renewed by the VMs that are there now.</summary>
    public IReadOnlyList<OwnedManifest> UpdateExpected(DeclaredNamespace ns) =>
        applier.Expected(ns.Name, ns.Enforced!, applier.UpdateHeadroom(ns.Name, ns.Enforced!));

    /// <summary>
    /// What the caches show to be not as declared, in the order in which it is put right: the namespace, then its objects in that of
    /// <see cref="ApplyOrder"/>.
    /// </summary>
    /// <param name="ns">The namespace.</param>
    /// <param name="expected">Its objects as they are to be.</param>
    public IReadOnlyList<Deviation> DeviationsOf(DeclaredNamespace ns, IReadOnlyList<OwnedManifest> expected)
    {
        var deviations = new List<Deviation>();
        if (namespaces.DriftOf(ns) is { Fields.Count: > 0 } drift)
            deviations.Add(new(KeyOf(ns), drift.IsLooser));
        deviations.AddRange(ApplyOrder.Of(
            caches.Surplus(ns.Name, ns.Enforced!, expected).Select(found => Surplus(found.Kind, found.Item)),
            expected.Where(manifest => !caches.IsAsExpected(manifest)).Select(Wanted),
            deviation => deviation.Key.Kind));
        if (deviations.Count == 0 && ns.IsVdc && Takeover.IsOpen(ns.Labels)) deviations.Add(new(KeyOf(ns), false) { IsTakeover = true });
        return deviations;
    }

    /// <summary>How long it is until the first of them may be put right; zero: one may be now.</summary>
    public TimeSpan UntilTurn(string ns, IReadOnlyList<Deviation> deviations) => deviations.Min(deviation => UntilTurn(ns, deviation, deviations));

    /// <summary>Puts right what is due and what the server confirms to be different.</summary>
    /// <exception cref="KubernetesApiException">The server does not answer, or was asked too often: nothing can be written now.</exception>
    public async Task RepairAsync(DeclaredNamespace ns, CancellationToken cancellationToken)
    {
        if (ns.IsTerminating || ns.Declaration is null) return;
        var left = DeviationsOf(ns, applier.Expected(ns.Name, ns.Enforced!)).ToList();
        foreach (var deviation in left.ToList())
        {
            // What it waits for is not right yet, however long ago that was tried.
            if (history.UntilTurn(ns.Name, deviation) > TimeSpan.Zero || left.Exists(deviation.WaitsFor)) continue;
            var isRight = false;
            KubernetesApiException? unavailable = null;
            var fault = await _guard.RunAsync(
                GuardKey(ns.Name) + deviation.Key,
                async () => (isRight, unavailable) = await TryPutRightAsync(ns, deviation, cancellationToken),
                cancellationToken);
            if (unavailable is not null) throw unavailable;
            if (fault is not null) news.Failed(ns, deviation, fault.Message);
            if (isRight) left.Remove(deviation);
        }
    }

    private static string GuardKey(string ns) => $"{ns}/";

    // A refusal is the object's; where the server does not answer, no other object can be written either.
    private async Task<(bool IsRight, KubernetesApiException? Unavailable)> TryPutRightAsync(
        DeclaredNamespace ns, Deviation deviation, CancellationToken cancellationToken)
    {
        try
        {
            await CorrectAsync(ns, deviation, cancellationToken);
            return (true, null);
        }
        catch (KubernetesApiException e) when (e.IsTransient)
        {
            return (false, e);
        }
        catch (KubernetesApiException e)
        {
            // Of a conflict there is nothing to tell: the next look finds the object as it is then; nor of a namespace that goes.
            var passes = e.Reason is ApiErrorReason.Conflict or ApiErrorReason.NotFound
                || (e.Reason is ApiErrorReason.Forbidden && await IsGoingAsync(ns.Name, cancellationToken));
            news.Failed(ns, deviation, passes ? null : e.Message, e.RetryAfter);
            return (false, null);
        }
    }

    // A namespace that terminates takes nothing any more, which the cache may not show yet.
    private async Task<bool> IsGoingAsync(string ns, CancellationToken cancellationToken)
    {
        try
        {
            return await namespaces.ReadAsync(ns, cancellationToken) is not { Metadata.DeletionTimestamp: null };
        }
        catch (KubernetesApiException)
        {
            return false; // then the refusal is what there is to tell
        }
    }

    private static ObjectKey KeyOf(DeclaredNamespace ns) => new(KubernetesKinds.Namespace, NamespacedName.ClusterScoped(ns.Name));

    private TimeSpan UntilTurn(string ns, Deviation deviation, IEnumerable<Deviation> all)
    {
        var blocking = all.Where(deviation.WaitsFor).Select(other => history.UntilTurn(ns, other));
        return blocking.Append(history.UntilTurn(ns, deviation)).Max();
    }

    private Deviation Wanted(OwnedManifest manifest)
    {
        var found = caches.Find(manifest.Kind, manifest.Name)?.Fingerprint;
        return new(manifest.Key, Drift.Between(manifest, found).IsLooser) { Wanted = manifest, IsMissing = found is null };
    }

    // A binding lets someone in, and policies add up; a quota or limits too many let in less.
    private static Deviation Surplus(ResourceKind kind, OwnedItem item) =>
        new(new(kind, item.Name), kind == KubernetesKinds.RoleBinding || kind == KubernetesKinds.NetworkPolicy) { Surplus = item };

    private async Task CorrectAsync(DeclaredNamespace ns, Deviation deviation, CancellationToken cancellationToken)
    {
        if (deviation.Surplus is { } surplus)
        {
            await objects.RemoveAsync(deviation.Key.Kind, surplus.Name, surplus.Uid, cancellationToken);
            news.Removed(ns, deviation);
        }
        else if (deviation.Wanted is { } manifest)
        {
            await CorrectAsync(ns, deviation, manifest, cancellationToken);
        }
        else if (deviation.IsTakeover)
        {
            await takeover.EndAsync(ns.Name, cancellationToken);
        }
        else if (await namespaces.RestoreAsync(ns, cancellationToken) is var (found, drift))
        {
            news.Correct(ns, deviation, found, drift);
        }
    }

    private async Task CorrectAsync(
        DeclaredNamespace ns, Deviation deviation, OwnedManifest manifest, CancellationToken cancellationToken)
    {
        var found = await objects.ReadAsync(manifest.Kind, manifest.Name, cancellationToken);
        if (found is { IsOurs: true } && found.Fingerprint == manifest.Fingerprint) return; // the cache is behind
        if (found is { IsOurs: false } && !ns.IsVdc && !objects.HasWritten(manifest))
            throw new KubernetesApiException(ApiErrorReason.Invalid, $"{manifest} exists and is not the agent's; it is left alone");
        var isRenewal = found is { IsOurs: true } && IsOnlyRenewal(found, manifest, ns.Enforced!);
        await objects.PutAsync(manifest, cancellationToken);
        if (!isRenewal) news.Correct(ns, deviation, found, Drift.Between(manifest, found?.Fingerprint));
    }

    // It is as it was last written, by this agent or the one before: a quota whose VMs became more or fewer, a policy of which
    // the cluster's DNS, KubeVirt or CDI moved.
    private bool IsOnlyRenewal(LiveObject found, OwnedManifest manifest, VdcDeclaration declaration)
    {
        if (objects.HasWritten(manifest)) return objects.HasWritten(manifest, found.Fingerprint);
        return manifest.Kind == KubernetesKinds.ResourceQuota
            && QuotaHeadroom.Parse(found.Metadata.Annotations?.GetValueOrDefault(QuotaHeadroom.Annotation)) is { } added
            && applier.WithHeadroom(manifest.Name.Namespace, declaration, added)?.Fingerprint == found.Fingerprint;
    }
}
