namespace OvimSpokeAgent.Cluster;

/// <summary>The kinds of watch events that reach callers (ERROR is an exception).</summary>
internal enum WatchEventType
{
    Added,
    Modified,
    Deleted,
    Bookmark,
}

/// <summary>One event of a watch; of a bookmark only the resourceVersion counts.</summary>
internal readonly record struct WatchEvent<T>(WatchEventType Type, ReadObject<T> Object)
    where T : class, IKubernetesObject;
