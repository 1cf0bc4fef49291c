namespace OvimSpokeAgent.Cluster;

/// <summary>A change of a cached item: <see cref="Old"/> is null when it is new, <see cref="New"/> when it is gone.</summary>
internal readonly record struct CacheChange<TItem>(NamespacedName Name, TItem? Old, TItem? New)
    where TItem : class;
