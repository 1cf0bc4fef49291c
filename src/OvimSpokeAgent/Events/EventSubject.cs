using OvimSpokeAgent.Cluster;

namespace OvimSpokeAgent.Events;

/// <summary>How an event is meant; Kubernetes knows these two.</summary>
internal enum EventSeverity
{
    Normal,
    Warning,
}

/// <summary>The object that an event is about.</summary>
/// <param name="Kind">Its kind.</param>
/// <param name="Name">Its name and namespace.</param>
/// <param name="Uid">Its uid where it is known: <c>kubectl describe</c> shows events by it.</param>
internal sealed record EventSubject(ResourceKind Kind, NamespacedName Name, string? Uid = null)
{
    /// <summary>Its uid is looked up when the event is written, if it is not known.</summary>
    public bool IsUidLookedUp { get; init; }

    // Where people look for events about cluster-scoped objects; they outlive a namespace that is deleted.
    private const string NamespaceOfClusterScoped = "default";

    /// <summary>The namespace in which the event itself is.</summary>
    public string EventNamespace => Name.Namespace.Length == 0 ? NamespaceOfClusterScoped : Name.Namespace;
}
