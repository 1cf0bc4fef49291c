using System.Collections.Immutable;

namespace KubernetesSandbox.Cluster;

/// <summary>A request that the cluster got.</summary>
public sealed record ClusterRequest
{
    /// <summary>As RBAC says it: get, list, watch, create, update, patch, delete, deletecollection; a path's own: get, post…</summary>
    public required string Verb { get; init; }

    /// <summary>The HTTP method.</summary>
    public required string Method { get; init; }

    /// <summary>API group; empty for core.</summary>
    public string Group { get; init; } = "";

    /// <summary>The plural in the URL; empty if it is none of the resource API.</summary>
    public string Resource { get; init; } = "";

    /// <summary>Null: none in the URL.</summary>
    public string? Namespace { get; init; }

    /// <summary>Null: a collection.</summary>
    public string? Name { get; init; }

    /// <summary>e.g. <c>status</c>; null: the object itself.</summary>
    public string? Subresource { get; init; }

    /// <summary>The path without the query.</summary>
    public required string Path { get; init; }

    /// <summary>With its question mark; empty if there is none.</summary>
    public string Query { get; init; } = "";

    /// <summary>The header of that name.</summary>
    public string UserAgent { get; init; } = "";

    /// <summary>Whether it starts a watch.</summary>
    public bool IsWatch => Verb == "watch";

    /// <summary>For messages of tests.</summary>
    public override string ToString() => $"{Method} {Path}{Query} ({UserAgent})";
}

/// <summary>All requests over the wire, those for <c>/sandbox</c> left out, in the order in which they came.</summary>
public sealed class ClusterRequests
{
    private const int Kept = 100_000;

    private readonly ChangeSignal _changed = new();
    private ImmutableList<ClusterRequest> _requests = [];
    private long _total;

    /// <summary>How many there were so far; never falls.</summary>
    public long Total => Interlocked.Read(ref _total);

    /// <summary>The latest, oldest first.</summary>
    public IReadOnlyList<ClusterRequest> All => _requests;

    /// <summary>How many in the list satisfy a condition.</summary>
    public int Count(Func<ClusterRequest, bool> condition) => _requests.Count(condition);

    /// <summary>Forgets the list, so that a test sees what comes from now on.</summary>
    public void Clear() => ImmutableInterlocked.Update(ref _requests, _ => []);

    /// <summary>The first in the list that satisfies a condition; waits for it.</summary>
    public Task<ClusterRequest> FirstAsync(Func<ClusterRequest, bool> condition, CancellationToken cancellationToken) =>
        _changed.WaitForAsync(() => _requests.FirstOrDefault(condition), cancellationToken);

    internal void Add(ClusterRequest request)
    {
        Interlocked.Increment(ref _total);
        ImmutableInterlocked.Update(ref _requests, list => (list.Count < Kept ? list : list.RemoveAt(0)).Add(request));
        _changed.Set();
    }
}
