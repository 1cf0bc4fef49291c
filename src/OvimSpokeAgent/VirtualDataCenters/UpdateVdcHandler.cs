using System.Text.Json;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Operations;

namespace OvimSpokeAgent.VirtualDataCenters;

/// <summary>
/// <c>update_vdc</c>: merges what is given into what is declared, keeps that on the namespace and makes the objects
/// anew. Doing it again changes nothing.
/// </summary>
internal sealed class UpdateVdcHandler(VdcNamespaces namespaces, Redeclaration redeclaration) : IOperationHandler
{
    public string Type => "update_vdc";

    public IReadOnlyList<string> Aliases => ["VDCUpdate"];

    public OperationPlan Plan(PayloadReader payload)
    {
        var ns = VdcNames.ReadNamespace(payload, "target_namespace");
        var name = payload.RequiredString("vdc_name");
        // What is given must be right by itself; whether it fits is seen when it is merged.
        var organization = VdcDeclaration.Read(payload, isWhole: false).Organization;
        if (namespaces.ReasonAgainst(ns) is { } reason) payload.RejectBecause("target_namespace", reason);
        return new OperationPlan
        {
            Target = NamespacedName.ClusterScoped(ns),
            Execute = (context, token) => redeclaration.RunAsync(
                ns,
                found => VdcNamespaces.ReasonAgainst(found, name) ?? ReasonAgainst(organization, found),
                declared => DeclarationMerge.Merge(declared, context.Operation.Payload),
                _ => true,
                context.Key,
                token),
            ReadBack = (context, token) => redeclaration.ReadBackAsync(ns, context.Key, token),
        };
    }

    private static string? ReasonAgainst(string? organization, DeclaredNamespace found) =>
        organization is not null && found.Declaration?.Organization is { } owner && owner != organization
            ? $"organization: \"{found.Name}\" is a VDC of \"{owner}\" and stays one, it cannot be given to \"{organization}\""
            : null;
}

/// <summary><c>create_resource_quota</c>: becomes part of what is declared for a managed namespace.</summary>
internal sealed class CreateResourceQuotaHandler(Redeclaration redeclaration) : IOperationHandler
{
    public string Type => "create_resource_quota";

    public IReadOnlyList<string> Aliases => [];

    public OperationPlan Plan(PayloadReader payload)
    {
        var ns = VdcNames.ReadNamespace(payload, "namespace");
        if (QuotaDeclaration.Read(payload).IsEmpty && payload.Errors.Count == 0)
            payload.RejectMissing("quota", "at least one of cpu, memory, storage, vms");
        return redeclaration.PlanFor(ns, "quota");
    }
}

/// <summary><c>create_limit_range</c>: becomes part of what is declared for a managed namespace.</summary>
internal sealed class CreateLimitRangeHandler(Redeclaration redeclaration) : IOperationHandler
{
    public string Type => "create_limit_range";

    public IReadOnlyList<string> Aliases => [];

    public OperationPlan Plan(PayloadReader payload)
    {
        var ns = VdcNames.ReadNamespace(payload, "namespace");
        if (LimitDeclaration.Read(payload, isHubResource: true).IsEmpty && payload.Errors.Count == 0)
            payload.RejectMissing("limit_range", "at least one of min_cpu, max_cpu, min_memory, max_memory");
        return redeclaration.PlanFor(ns, "limit_range");
    }
}

/// <summary>Declares something else for a namespace for which something is declared, or nothing yet.</summary>
internal sealed class Redeclaration(
    VdcNamespaces namespaces,
    ManagedNamespaces managed,
    VdcRealizer realizer,
    VdcObjects objects,
    VdcCaches caches,
    VdcLocks locks,
    DeclaredNamespaces declared,
    TimeProvider time)
{
    /// <summary>The plan of an operation that declares one field for any managed namespace.</summary>
    public OperationPlan PlanFor(string ns, string field) => new()
    {
        Target = NamespacedName.ClusterScoped(ns),
        Execute = async (context, token) =>
            await managed.ReasonAgainstAsync(ns, token) is { } reason
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
        return found.Annotations.GetValueOrDefault(Names.OperationAnnotation) == key.Value && found.Declaration is { } declaration
            ? VdcOutcome.Of(ns, declaration, await realizer.ReadAsync(ns, declaration, cancellationToken))
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
        var realization = await realizer.RealizeAsync(ns, now, before, cancellationToken, concerns);
        await namespaces.ShownAsync(ns, key.Value, cancellationToken);
        return VdcOutcome.Of(ns, now, realization);
    }

    // In a namespace of someone else, an object under a name of ours may be theirs: it is not taken over.
    private async Task<string?> ConflictAsync(
        DeclaredNamespace ns, VdcDeclaration? before, VdcDeclaration now, CancellationToken cancellationToken)
    {
        if (ns.IsVdc) return null;
        var known = before is null ? [] : realizer.Expected(ns.Name, before).Select(manifest => manifest.ToString()).ToHashSet();
        foreach (var manifest in realizer.Expected(ns.Name, now))
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
