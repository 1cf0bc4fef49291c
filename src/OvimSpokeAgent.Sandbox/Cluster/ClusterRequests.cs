using System.Collections.Immutable;

namespace OvimSpokeAgent.Sandbox.Cluster;

/// <summary>A request that the cluster got.</summary>
public sealed record ClusterRequest
{
    /// <summary>As RBAC says it: get, list, watch, create, update, patch, delete, deletecollection; a path's own: get, post…</summary>
    public required string Verb { get; init; }

    public required string Method { get; init; }

    /// <summary>API group; empty for core.</summary>
    public string Group { get; init; } = "";

    /// <summary>The plural in the URL; empty if it is none of the resource API.</summary>
    public string Resource { get; init; } = "";

    public string? Namespace { get; init; }

    public string? Name { get; init; }

    public string? Subresource { get; init; }

    /// <summary>The path without the query.</summary>
    public required string Path { get; init; }

    public string Query { get; init; } = "";

    public string UserAgent { get; init; } = "";

    public bool IsWatch => Verb == "watch";

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
