using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Configuration;

namespace OvimSpokeAgent.VirtualDataCenters;

/// <summary>
/// Makes the objects of a namespace as declared, in the order of <see cref="ApplyOrder"/>. Callers hold the namespace.
/// </summary>
internal sealed class VdcApplier(
    VdcObjects objects, VdcCaches caches, HeadroomTracker headroom, ClusterNetworkView network, AgentSettings settings)
{
    /// <summary>The objects as they are to be now, the quota with its headroom.</summary>
    public IReadOnlyList<OwnedManifest> Expected(string ns, VdcDeclaration declaration) =>
        Expected(ns, declaration, headroom.Of(ns, declaration.Quota, () => FoundHeadroom(ns, declaration)));

    /// <summary>The objects as they are to be with this headroom of the quota; for who needs no quota, any will do.</summary>
    public IReadOnlyList<OwnedManifest> Expected(string ns, VdcDeclaration declaration, QuotaHeadroom added) =>
        VdcManifests.Objects(ns, declaration, added, network.Current, settings.Vdc);

    /// <summary>Renews the headroom of the namespace's quota by the VMs that are there now; returns it.</summary>
    public QuotaHeadroom UpdateHeadroom(string ns, VdcDeclaration declaration) =>
        headroom.Update(ns, declaration.Quota, () => FoundHeadroom(ns, declaration));

    /// <summary>The quota as it would be with this headroom; null: there is none.</summary>
    public OwnedManifest? WithHeadroom(string ns, VdcDeclaration declaration, QuotaHeadroom added) =>
        Expected(ns, declaration, added).SingleOrDefault(manifest => manifest.Kind == KubernetesKinds.ResourceQuota);

    /// <summary>
    /// Makes everything as declared. Stops at the first object that the server refuses.
    /// </summary>
    /// <param name="ns">The namespace.</param>
    /// <param name="declaration">What is declared for it now.</param>
    /// <param name="before">What was declared before; null: nothing.</param>
    /// <param name="cancellationToken">Ends it between two objects or in a request.</param>
    /// <param name="concerns">The kinds that can be concerned; null: all.</param>
    /// <exception cref="KubernetesApiException">The server does not answer, or was asked too often: worth another try.</exception>
    public async Task<ApplyResult> ApplyAsync(
        string ns,
        VdcDeclaration declaration,
        VdcDeclaration? before,
        CancellationToken cancellationToken,
        Func<ResourceKind, bool>? concerns = null)
    {
        // What is made is to be right from the start, not renewed a moment later.
        await network.WaitForFirstAnswerAsync(cancellationToken);
        var all = Expected(ns, declaration, UpdateHeadroom(ns, declaration));
        var expected = concerns is null ? all : [.. all.Where(manifest => concerns(manifest.Kind))];
        // Of other kinds nothing is made here, so that nothing of theirs may go: it may stand for what is missing.
        var surplus = Surplus(ns, declaration, all, before).Where(item => concerns is null || concerns(item.Kind)).ToList();
        var made = new List<string>();
        foreach (var (key, manifest) in ApplyOrder.Of(
            surplus.Select(key => new Step(key, null)), expected.Select(manifest => new Step(manifest.Key, manifest)), step => step.Key.Kind))
        {
            if (manifest is null)
            {
                await objects.RemoveAsync(key.Kind, key.Name, null, cancellationToken);
                continue;
            }
            try
            {
                await objects.PutAsync(manifest, cancellationToken);
                made.Add(manifest.ToString());
            }
            catch (KubernetesApiException e) when (!e.IsTransient && e.Reason is not ApiErrorReason.Conflict)
            {
                return new ApplyResult(made, [.. expected.Skip(made.Count).Select(left => left.ToString())], e.Message);
            }
        }
        return new ApplyResult(made, [], null);
    }

    /// <summary>What is there of what is declared, read from the server.</summary>
    public async Task<ApplyResult> ReadAsync(string ns, VdcDeclaration declaration, CancellationToken cancellationToken)
    {
        List<string> made = [], notMade = [];
        foreach (var manifest in Expected(ns, declaration))
        {
            var found = await objects.ReadAsync(manifest.Kind, manifest.Name, cancellationToken);
            var isMade = found is not null && found.Fingerprint == manifest.Fingerprint;
            (isMade ? made : notMade).Add(manifest.ToString());
        }
        return new ApplyResult(made, notMade, notMade.Count == 0 ? null : "it was not done in time");
    }

    // What the quota says of itself, if it is so: else it is not the agent's doing.
    private QuotaHeadroom? FoundHeadroom(string ns, VdcDeclaration declaration) =>
        caches.Quotas.Get(new(ns, VdcNames.Quota)) is { Headroom: { } added } quota
        && WithHeadroom(ns, declaration, added)?.Fingerprint == quota.Fingerprint
            ? added
            : null;

    // The cache may not show yet what was made a moment ago; what was declared before says what that can be.
    private HashSet<ObjectKey> Surplus(
        string ns, VdcDeclaration declaration, IReadOnlyList<OwnedManifest> expected, VdcDeclaration? before)
    {
        var surplus = caches.Surplus(ns, declaration, expected).Select(item => new ObjectKey(item.Kind, item.Item.Name)).ToHashSet();
        if (before is not null)
        {
            surplus.UnionWith(Expected(ns, before, QuotaHeadroom.None).Select(manifest => manifest.Key));
        }
        surplus.ExceptWith(expected.Select(manifest => manifest.Key));
        return surplus;
    }

    /// <param name="Key">The object.</param>
    /// <param name="Manifest">What it is to be; null: it is to go.</param>
    private readonly record struct Step(ObjectKey Key, OwnedManifest? Manifest);
}
