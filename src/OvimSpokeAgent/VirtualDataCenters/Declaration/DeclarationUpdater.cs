using System.Text.Json;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Operations;

namespace OvimSpokeAgent.VirtualDataCenters;

/// <summary>Declares something else for a namespace for which something is declared, or nothing yet.</summary>
internal sealed class DeclarationUpdater(
    VdcNamespaceWriter namespaces,
    ManagedNamespaces managed,
    VdcApplier applier,
    VdcObjects objects,
    VdcCaches caches,
    VdcLocks locks,
    VdcDeclarationCache declared,
    TimeProvider time)
{
    /// <summary>The plan of an operation that declares one field for any managed namespace.</summary>
    public OperationPlan PlanFor(string ns, string field) => new()
    {
        Target = NamespacedName.ClusterScoped(ns),
        TargetKind = KubernetesKinds.Namespace,
        Execute = async (context, token) =>
            await managed.GetRefusalAsync(ns, token) is { } reason
                ? OperationOutcome.Failed(reason)
                : await RunAsync(
                    ns,
                    _ => null,
                    declaration => DeclarationMerge.MergeOne(declaration, field, context.Operation.Payload),
                    kind => kind == KubernetesKinds.ResourceQuota || kind == KubernetesKinds.LimitRange,
                    context.Key,
                    token),
        ReadBack = (context, token) => ReadBackAsync(ns, context.Key, token),
    };

    /// <summary>After a timeout: what is there of what this operation declared; null: it declared nothing.</summary>
    public async Task<OperationOutcome?> ReadBackAsync(string ns, OperationKey key, CancellationToken cancellationToken)
    {
        if (await namespaces.ReadAsync(ns, cancellationToken) is not { } raw) return null;
        var found = DeclaredNamespace.From(raw, time.GetUtcNow());
        return found.Annotations.GetValueOrDefault(WellKnownNames.OperationAnnotation) == key.Value && found.Declaration is { } declaration
            ? VdcOutcome.Of(ns, declaration, await applier.ReadAsync(ns, declaration, cancellationToken))
            : null;
    }

    /// <summary>Merges, keeps, and makes the objects of some kinds.</summary>
    /// <param name="ns">The namespace.</param>
    /// <param name="refuse">What is against it, given the namespace; null: nothing.</param>
    /// <param name="merge">The new declaration, in the hub's words, from the one so far.</param>
    /// <param name="concerns">Which kinds can be concerned.</param>
    /// <param name="key">The operation.</param>
    /// <param name="cancellationToken">Cancels the work.</param>
    public async Task<OperationOutcome> RunAsync(
        string ns,
        Func<DeclaredNamespace, string?> refuse,
        Func<VdcDeclaration, JsonElement> merge,
        Func<ResourceKind, bool> concerns,
        OperationKey key,
        CancellationToken cancellationToken)
    {
        using var held = await locks.HoldAsync(ns, cancellationToken);
        if (await namespaces.ReadAsync(ns, cancellationToken) is not { } raw)
            return OperationOutcome.Failed($"target_namespace: there is no namespace \"{ns}\" on this cluster");
        var found = DeclaredNamespace.From(raw, time.GetUtcNow());
        if (refuse(found) is { } refusal) return OperationOutcome.Failed(refusal);
        if (found.IsBeingDeleted) return OperationOutcome.Failed($"target_namespace: \"{ns}\" is being deleted");
        // Spoilt by hand: what the agent remembers still holds.
        var before = found.Declaration ?? declared.Get(ns)?.Declaration;
        if (before is null && found.Problem is { } problem)
            return OperationOutcome.Failed($"what is declared for \"{ns}\" cannot be read ({problem}); create_vdc declares it anew");

        var payload = new PayloadReader(merge(before ?? new VdcDeclaration()));
        var now = VdcDeclaration.Read(payload);
        if (payload.Errors.Count > 0) return OperationOutcome.Failed(string.Join("; ", payload.Errors));
        if (await ConflictAsync(found, before, now, cancellationToken) is { } conflict) return OperationOutcome.Failed(conflict);

        locks.Wrote(ns);
        await namespaces.DeclareAsync(raw, before ?? new VdcDeclaration(), now, key.Value, cancellationToken);
        var applied = await applier.ApplyAsync(ns, now, before, cancellationToken, concerns);
        await namespaces.ShownAsync(ns, key.Value, cancellationToken);
        return VdcOutcome.Of(ns, now, applied);
    }

    // In a namespace of someone else, an object under a name of ours may be theirs: it is not taken over.
    private async Task<string?> ConflictAsync(
        DeclaredNamespace ns, VdcDeclaration? before, VdcDeclaration now, CancellationToken cancellationToken)
    {
        if (ns.IsVdc) return null;
        var known = before is null ? [] : applier.Expected(ns.Name, before, QuotaHeadroom.None).Select(manifest => manifest.ToString()).ToHashSet();
        foreach (var manifest in applier.Expected(ns.Name, now, QuotaHeadroom.None))
        {
            if (known.Contains(manifest.ToString()) || caches.Find(manifest.Kind, manifest.Name) is not null) continue;
            if (await objects.ReadAsync(manifest.Kind, manifest.Name, cancellationToken) is { IsOurs: false })
            {
                return $"{manifest} exists already in namespace {ns.Name} and is not the agent's; it is left alone";
            }
        }
        return null;
    }
}
