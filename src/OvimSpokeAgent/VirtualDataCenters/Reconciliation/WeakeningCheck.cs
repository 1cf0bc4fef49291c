using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Events;

namespace OvimSpokeAgent.VirtualDataCenters;

/// <summary>
/// Tells of what opens a VDC beyond its declaration and is not the agent's to change: policies of others, which are left alone, and
/// bindings that only look like those of its admins. Marks and names hide nothing: every policy counts that is not just as declared.
/// </summary>
internal sealed partial class WeakeningCheck(
    VdcApplier applier,
    VdcCaches caches,
    RepairHistory history,
    VdcConditions states,
    ClusterNetworkView clusterNetwork,
    EventRecorder events,
    ILogger<WeakeningCheck> logger)
{
    /// <summary>Compares what is there with what is declared, and tells of what is new.</summary>
    public void Check(DeclaredNamespace declared)
    {
        var state = states.Get(declared.Name);
        IReadOnlyList<Weakening> weakenings = declared.IsVdc ? [.. Of(declared)] : [];
        foreach (var weakening in weakenings.Except(state.WeakenedBy))
        {
            LogWeakened(declared.VdcName, declared.Name, weakening);
            events.Record(
                new EventSubject(weakening.By.Kind, weakening.By.Name) { IsUidLookedUp = true },
                EventSeverity.Warning,
                weakening.IsOfIsolation ? "IsolationWeakened" : "AccessWeakened",
                $"VDC {declared.VdcName}: {weakening}");
        }
        states.Set(declared.Name, state with { WeakenedBy = weakenings });
    }

    private IEnumerable<Weakening> Of(DeclaredNamespace declared)
    {
        var (ns, network) = (declared.Name, declared.Declaration!.Network);
        var expected = applier.Expected(ns, declared.Enforced!, QuotaHeadroom.None).ToDictionary(manifest => manifest.Key);
        foreach (var policy in caches.PoliciesOf(ns).OrderBy(policy => policy.Name.Name, StringComparer.Ordinal))
        {
            var key = new ObjectKey(KubernetesKinds.NetworkPolicy, policy.Name);
            if (expected.TryGetValue(key, out var manifest) && IsPutRight(manifest, policy)) continue;
            if (IsolationAnalyzer.Opens(ns, network, clusterNetwork.Current, policy.Spec) is { } opens) yield return new(key, opens);
        }
        foreach (var binding in caches.AdminBindingsOf(ns).Where(binding => !binding.IsOurs))
        {
            var key = new ObjectKey(KubernetesKinds.RoleBinding, binding.Name);
            if (!expected.ContainsKey(key)) yield return new(key, "nobody declared it, and it is not the agent's");
        }
    }

    // One of the agent's own counts while it is open and must wait for its turn.
    private bool IsPutRight(OwnedManifest manifest, NetworkPolicyItem policy)
    {
        var deviation = new Deviation(manifest.Key, Drift.Between(manifest, policy.Fingerprint).IsLooser);
        return !deviation.IsLooser || history.UntilTurn(manifest.Name.Namespace, deviation) == TimeSpan.Zero;
    }

    [LoggerMessage(8001, LogLevel.Warning, "VDC {Vdc} in namespace {Namespace}: {Weakening}")]
    private partial void LogWeakened(string vdc, string @namespace, Weakening weakening);
}
