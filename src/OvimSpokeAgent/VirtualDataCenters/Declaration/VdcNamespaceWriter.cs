using System.Text.Json.Nodes;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Configuration;
using OvimSpokeAgent.Supervision;

namespace OvimSpokeAgent.VirtualDataCenters;

/// <summary>
/// Reads and writes the namespaces of VDCs, and guards those of others: only what the agent made as a VDC is ever changed
/// as one or deleted.
/// </summary>
internal sealed class VdcNamespaceWriter(
    IKubernetesApi api,
    ManagedNamespaces managed,
    VdcDeclarationCache declared,
    VdcLocks locks,
    ClusterNetworkView network,
    AgentSettings settings,
    TimeProvider time)
{
    // Waiting for the cache is a courtesy to what comes next: it goes without.
    private static readonly TimeSpan ShownWithin = TimeSpan.FromSeconds(5);

    /// <summary>Why no VDC can be this namespace, or null.</summary>
    public string? GetRefusal(string ns)
    {
        if (managed.IsProtected(ns)) return $"\"{ns}\" belongs to the cluster or to the agent itself and can be no VDC";
        return VdcNames.InfrastructureNamespaces.Contains(ns) || network.Current.TrustedNamespaces.Contains(ns)
            ? $"\"{ns}\" belongs to KubeVirt, CDI or the cluster's DNS and can be no VDC"
            : null;
    }

    /// <summary>The namespace as it is on the server, or null.</summary>
    public Task<NamespaceObject?> ReadAsync(string ns, CancellationToken cancellationToken) => api.FindAsync(
        KubernetesKinds.Namespace, NamespacedName.ClusterScoped(ns), ClusterJson.Default.NamespaceObject, cancellationToken);

    /// <summary>
    /// The VDC of this name in this namespace, or the reason why an operation on it is refused: it does not exist, is being
    /// deleted, is no VDC of the agent, or another one.
    /// </summary>
    public async Task<(NamespaceObject? Raw, DeclaredNamespace? Vdc, string? Refusal)> ReadVdcAsync(
        string ns, string vdcName, CancellationToken cancellationToken)
    {
        if (await ReadAsync(ns, cancellationToken) is not { } raw)
            return (null, null, $"target_namespace: there is no VDC \"{ns}\" on this cluster");
        var vdc = DeclaredNamespace.From(raw, time.GetUtcNow());
        return (raw, vdc, GetRefusal(vdc, vdcName));
    }

    /// <summary>Why this is not the VDC that is meant, or null. Pure.</summary>
    public static string? GetRefusal(DeclaredNamespace vdc, string vdcName)
    {
        if (OtherOwners.IsHubs(vdc.Labels))
            return $"target_namespace: \"{vdc.Name}\" is kept by the hub's own controller, and not as the VDC \"{vdcName}\" here; it is left alone";
        if (!vdc.IsVdc)
            return $"target_namespace: \"{vdc.Name}\" exists and was not made by this agent as a VDC; it is left alone";
        return vdc.VdcName == vdcName
            ? null
            : $"target_namespace: \"{vdc.Name}\" is the VDC \"{vdc.VdcName}\", not \"{vdcName}\"; choose another namespace";
    }

    /// <summary>Makes the namespace of a VDC.</summary>
    /// <exception cref="KubernetesApiException">AlreadyExists, among others.</exception>
    public Task<NamespaceObject> CreateAsync(string ns, VdcDeclaration declaration, string key, CancellationToken cancellationToken) =>
        api.CreateAsync(
            KubernetesKinds.Namespace,
            "",
            VdcManifests.Namespace(ns, declaration, key, settings),
            ClusterJson.Default.NamespaceObject,
            cancellationToken);

    /// <summary>Declares something for a namespace: keeps it there, and sets what the namespace itself has of it.</summary>
    /// <param name="raw">The namespace as it was read: a change since is a conflict.</param>
    /// <param name="before">What was declared.</param>
    /// <param name="now">What is declared from now on.</param>
    /// <param name="key">The operation that says so.</param>
    /// <param name="cancellationToken">Cancels the request.</param>
    /// <param name="takesOver">Whether it was not this agent's until now.</param>
    public Task<NamespaceObject> DeclareAsync(
        NamespaceObject raw,
        VdcDeclaration before,
        VdcDeclaration now,
        string key,
        CancellationToken cancellationToken,
        bool takesOver = false)
    {
        var ns = raw.Metadata.Name;
        var annotations = new JsonObject
        {
            [WellKnownNames.DeclaredAnnotation] = now.ToText(),
            [WellKnownNames.OperationAnnotation] = key,
            [WellKnownNames.IncompleteAnnotation] = null,
        };
        var metadata = new JsonObject { ["resourceVersion"] = raw.Metadata.ResourceVersion, ["annotations"] = annotations };
        if (now.Name is not null)
        {
            Change(annotations, before.Annotations, now.Annotations);
            var labels = new JsonObject();
            // A zone that was declared and is no more leaves the agent's own.
            var zone = before.ZoneId is null ? raw.Metadata.Label(WellKnownNames.ZoneLabel) : null;
            Change(labels, before.Labels, VdcManifests.NamespaceLabels(ns, now, settings, zone));
            metadata["labels"] = labels;
            if (takesOver) annotations[WellKnownNames.CreatedByAnnotation] = key;
        }
        return api.MergePatchAsync(
            KubernetesKinds.Namespace,
            NamespacedName.ClusterScoped(ns),
            new JsonObject { ["metadata"] = metadata },
            ClusterJson.Default.NamespaceObject,
            cancellationToken);
    }

    /// <summary>Notes that a VDC could not be made whole, until something is declared for it again.</summary>
    public Task SetIncompleteAsync(string ns, CancellationToken cancellationToken) => api.MergePatchAsync(
        KubernetesKinds.Namespace,
        NamespacedName.ClusterScoped(ns),
        new JsonObject { ["metadata"] = new JsonObject { ["annotations"] = new JsonObject { [WellKnownNames.IncompleteAnnotation] = "true" } } },
        ClusterJson.Default.NamespaceObject,
        cancellationToken);

    /// <summary>How the namespace of a VDC differs from what makes it this VDC. Pure.</summary>
    public Drift DriftOf(DeclaredNamespace vdc) => NamespaceDrift.Of(
        vdc,
        vdc.Labels,
        vdc.Annotations.GetValueOrDefault(WellKnownNames.DeclaredAnnotation),
        vdc.Annotations.GetValueOrDefault(WellKnownNames.CreatedByAnnotation),
        settings,
        vdc.AreLabelsTruncated);

    /// <summary>Puts back what someone changed on the namespace of a VDC.</summary>
    /// <returns>The namespace as it was, and what differed; null: nothing did.</returns>
    /// <exception cref="KubernetesApiException">The server refuses it, or it does not become as declared.</exception>
    public async Task<(LiveObject Found, Drift Drift)?> RestoreAsync(DeclaredNamespace vdc, CancellationToken cancellationToken)
    {
        var name = NamespacedName.ClusterScoped(vdc.Name);
        var found = await api.GetAsync(KubernetesKinds.Namespace, name, VdcJson.Default.LiveObject, cancellationToken);
        if (found.Metadata.Uid != vdc.Uid) return null; // a namesake made since: the cache will show it
        var drift = DriftOf(found);
        if (drift.Fields.Count == 0) return null;
        var patch = new JsonObject();
        foreach (var field in drift.Fields)
        {
            if (patch[field.Path[1]] is not JsonObject map) patch[field.Path[1]] = map = [];
            map[field.Path[2]] = field.Wanted;
        }
        patch["uid"] = vdc.Uid;
        locks.Wrote(vdc.Name);
        var after = await api.MergePatchAsync(
            KubernetesKinds.Namespace, name, new JsonObject { ["metadata"] = patch }, VdcJson.Default.LiveObject, cancellationToken);
        if (DriftOf(after) is { Fields.Count: > 0 } left) throw VdcObjects.NotKept(new(KubernetesKinds.Namespace, name), left);
        return (found, drift);

        Drift DriftOf(LiveObject live) => NamespaceDrift.Of(
            vdc,
            live.Metadata.Labels ?? new Dictionary<string, string>(),
            live.Metadata.Annotations?.GetValueOrDefault(WellKnownNames.DeclaredAnnotation),
            live.Metadata.Annotations?.GetValueOrDefault(WellKnownNames.CreatedByAnnotation),
            settings);
    }

    /// <summary>Completes when the cache shows what an operation wrote, or after a few seconds without.</summary>
    public Task ShownAsync(string ns, string key, CancellationToken cancellationToken) =>
        TimeLimit.RunAsync(ShownWithin, time, token => declared.WaitForOperationAsync(ns, key, token), cancellationToken);

    private static void Change(
        JsonObject patch, IReadOnlyDictionary<string, string> before, IReadOnlyDictionary<string, string> now)
    {
        foreach (var key in before.Keys.Where(key => !now.ContainsKey(key))) patch[key] = null;
        foreach (var (key, value) in now) patch[key] = value;
    }
}
