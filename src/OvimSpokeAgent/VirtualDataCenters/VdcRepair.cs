using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Configuration;
using OvimSpokeAgent.Events;

namespace OvimSpokeAgent.VirtualDataCenters;

/// <summary>Finds out whether a namespace is as declared, and puts right what is not.</summary>
internal sealed partial class VdcRepair(
    VdcNamespaces namespaces,
    VdcRealizer realizer,
    VdcObjects objects,
    VdcCaches caches,
    QuotaNet net,
    VdcMetrics metrics,
    EventRecorder events,
    AgentSettings settings,
    ILogger<VdcRepair> logger)
{
    /// <summary>Forgets what was written before.</summary>
    public void Forget()
    {
        objects.Forget();
        net.Forget();
    }

    /// <summary>Forgets a namespace that is gone.</summary>
    public void Forget(string ns)
    {
        objects.Forget(ns);
        net.Forget(ns);
    }

    /// <summary>Whether the caches show it as declared.</summary>
    public bool IsAsDeclared(DeclaredNamespace ns)
    {
        var expected = realizer.Expected(ns.Name, ns.Declaration!);
        return expected.All(IsCached) && caches.Surplus(ns.Name, ns.Declaration!, expected).Count == 0 && IsNamespaceAsDeclared(ns);
    }

    /// <summary>
    /// Puts right what the server confirms to be different, each with a log line, an event and a count, isolation first.
    /// </summary>
    /// <exception cref="KubernetesApiException">Something could not be put right.</exception>
    public async Task RepairAsync(DeclaredNamespace ns, CancellationToken cancellationToken)
    {
        if (ns.IsTerminating || ns.Declaration is not { } declaration) return;
        if (ns.IsVdc && !IsNamespaceAsDeclared(ns) && await namespaces.RestoreAsync(ns, cancellationToken) is { } restored)
        {
            Tell(ns, new(KubernetesKinds.Namespace, NamespacedName.ClusterScoped(ns.Name), ns.Uid),
                $"Namespace {ns.Name} was not as declared ({restored}) and is put right");
        }
        var expected = realizer.Expected(ns.Name, declaration);
        // As when it is declared: access that is not, isolation, quota and limits, access, and last what is replaced by it.
        var surplus = caches.Surplus(ns.Name, declaration, expected);
        foreach (var (kind, item) in surplus.Where(found => found.Kind == KubernetesKinds.RoleBinding))
            await RemoveAsync(ns, kind, item, cancellationToken);
        foreach (var manifest in expected.Where(manifest => !IsCached(manifest)))
            await PutRightAsync(ns, manifest, declaration, cancellationToken);
        foreach (var (kind, item) in surplus.Where(found => found.Kind != KubernetesKinds.RoleBinding))
            await RemoveAsync(ns, kind, item, cancellationToken);
    }

    private async Task RemoveAsync(DeclaredNamespace ns, ResourceKind kind, OwnedItem item, CancellationToken cancellationToken)
    {
        await objects.RemoveAsync(kind, item.Name, item.Uid, cancellationToken);
        Tell(ns, new(kind, item.Name, item.Uid), $"{kind.Kind} {item.Name.Name} is not declared and is removed");
    }

    private async Task PutRightAsync(
        DeclaredNamespace ns, OwnedManifest manifest, VdcDeclaration declaration, CancellationToken cancellationToken)
    {
        var found = await objects.ReadAsync(manifest.Kind, manifest.Name, cancellationToken);
        var isOurs = found?.Metadata.Label(Names.ManagedByLabel) == Names.Agent;
        if (isOurs && OwnedFingerprint.Of(found!) == manifest.Fingerprint) return; // the cache is behind
        if (found is not null && !isOurs && !ns.IsVdc && !objects.HasWritten(manifest))
            throw new KubernetesApiException(ApiErrorReason.Invalid, $"{manifest} exists and is not the agent's; it is left alone");
        var isOwnDoing = found is not null && isOurs && IsOnlyPadding(found, manifest, declaration);
        await objects.PutAsync(manifest, cancellationToken);
        if (isOwnDoing) return;
        Tell(ns, new(manifest.Kind, manifest.Name),
            $"{manifest} was {(found is null ? "missing" : "not as declared")} and is put right");
    }

    private bool IsCached(OwnedManifest manifest) =>
        caches.Find(manifest.Kind, manifest.Name)?.Fingerprint == manifest.Fingerprint;

    private bool IsNamespaceAsDeclared(DeclaredNamespace ns) => !ns.IsVdc
        || (ns.Problem is null && ns.CreatedBy is not null && VdcManifests.NamespaceLabels(ns.Name, ns.Declaration!, settings)
            .All(label => ns.Labels.GetValueOrDefault(label.Key) == label.Value));

    // A quota whose VMs became more or fewer: it is as it was last written, by this agent or the one before.
    private bool IsOnlyPadding(AnyOwnedObject found, OwnedManifest manifest, VdcDeclaration declaration)
    {
        if (manifest.Kind != KubernetesKinds.ResourceQuota) return false;
        if (objects.HasWritten(manifest)) return objects.HasWritten(manifest, OwnedFingerprint.Of(found));
        return QuotaPadding.Parse(found.Metadata.Annotation(QuotaPadding.Annotation)) is { } padding
            && realizer.WithPadding(manifest.Name.Namespace, declaration, padding)?.Fingerprint == OwnedFingerprint.Of(found);
    }

    private void Tell(DeclaredNamespace ns, EventSubject subject, string what)
    {
        metrics.Repaired(subject.Kind);
        LogRepaired(ns.VdcName, ns.Name, what);
        events.Record(subject, EventSeverity.Warning, "DriftRepaired", $"VDC {ns.VdcName}: {what}");
    }

    [LoggerMessage(8003, LogLevel.Warning, "VDC {Vdc} in namespace {Namespace}: {What}")]
    private partial void LogRepaired(string vdc, string @namespace, string what);
}
