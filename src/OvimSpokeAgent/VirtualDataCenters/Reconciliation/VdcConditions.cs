using System.Collections.Concurrent;
using OvimSpokeAgent.Cluster;

namespace OvimSpokeAgent.VirtualDataCenters;

/// <summary>How a namespace stands to what is declared for it.</summary>
internal sealed record VdcCondition
{
    public static readonly VdcCondition Unknown = new();

    /// <summary>All objects were seen as declared at the last look.</summary>
    public bool IsWhole { get; init; }

    /// <summary>Why it is not as declared, and cannot be made so; null: nothing is wrong.</summary>
    public string? Problem { get; init; }

    /// <summary>Why the repair did not come to an end, by a fault of its own; null: it did.</summary>
    public string? Fault { get; init; }

    /// <summary>What its deletion waits for; null: it is not being deleted, or waits for Kubernetes.</summary>
    public string? DeletionWaitsFor { get; init; }

    /// <summary>Objects that open what is declared closed, each with what it opens.</summary>
    public IReadOnlyList<Weakening> WeakenedBy { get; init; } = [];

    /// <summary>Who fights with the agent, over which object and field.</summary>
    public IReadOnlyList<string> Contests { get; init; } = [];
}

/// <summary>An object that opens what is declared closed: a policy, or a binding that looks like one of the agent's.</summary>
internal sealed record Weakening(ObjectKey By, string Opens)
{
    public bool IsOfIsolation => By.Kind == KubernetesKinds.NetworkPolicy;

    public override string ToString() => $"{(IsOfIsolation ? "isolation" : "access")} weakened by {By}: {Opens}";
}

/// <summary>The state of each declared namespace, kept by the repair of drift, read by reports, health and metrics.</summary>
internal sealed class VdcConditions
{
    private readonly ConcurrentDictionary<string, VdcCondition> _states = [];

    public VdcCondition Get(string ns) => _states.GetValueOrDefault(ns, VdcCondition.Unknown);

    public void Set(string ns, VdcCondition state) => _states[ns] = state;

    /// <summary>Notes what the repair of a namespace failed by; null: by nothing.</summary>
    public void SetFault(string ns, string? fault)
    {
        if (Get(ns).Fault == fault) return;
        _states.AddOrUpdate(ns, _ => new VdcCondition { Fault = fault }, (_, state) => state with { Fault = fault });
    }

    public void Forget(string ns) => _states.TryRemove(ns, out _);
}
