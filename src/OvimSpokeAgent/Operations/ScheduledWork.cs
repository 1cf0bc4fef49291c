using OvimSpokeAgent.Cluster;

namespace OvimSpokeAgent.Operations;

/// <summary>Work as the scheduler keeps it.</summary>
/// <param name="target">What it works on; null: it has no order.</param>
/// <param name="isRead">It changes nothing.</param>
/// <param name="run">The work; it must not throw.</param>
internal sealed class ScheduledWork(NamespacedName? target, bool isRead, Func<ExecutionSlot, Task> run)
{
    public NamespacedName? Target => target;

    public bool IsRead => isRead;

    public Func<ExecutionSlot, Task> Run => run;

    /// <summary>Whose turn it takes; empty: that of all that belongs to no namespace.</summary>
    public string Namespace => target switch
    {
        null => "",
        { Namespace.Length: > 0 } inNamespace => inNamespace.Namespace,
        { } clusterScoped => clusterScoped.Name, // a namespace itself
    };

    /// <summary>It is its turn: it waits for a slot, or has begun.</summary>
    public bool IsDue { get; set; }

    /// <summary>It has begun, and what is left is up to others.</summary>
    public bool WaitsForOthers { get; set; }
}
