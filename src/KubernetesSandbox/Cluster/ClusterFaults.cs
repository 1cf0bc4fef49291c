using System.Text.Json.Serialization;
using System.Text.RegularExpressions;

namespace KubernetesSandbox.Cluster;

/// <summary>What goes wrong with a request.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<ClusterFaultKind>))]
public enum ClusterFaultKind
{
    /// <summary>Answers with <see cref="ClusterFault.StatusCode"/>; the request has no effect.</summary>
    Status,

    /// <summary>Cuts the connection; the request has no effect.</summary>
    DropBefore,

    /// <summary>Carries the request out, then cuts the connection instead of answering. For a watch: cuts after the start.</summary>
    DropAfter,

    /// <summary>Waits for <see cref="ClusterFault.DelayMs"/>, then goes on as usual.</summary>
    Delay,

    /// <summary>Never answers; a watch is taken but stays silent. Ends when the client gives up.</summary>
    Freeze,
}

/// <summary>A fault on demand. All conditions that are set must hold.</summary>
public sealed record ClusterFault
{
    /// <summary>What goes wrong.</summary>
    public required ClusterFaultKind Kind { get; init; }

    /// <summary>HTTP method; null: any.</summary>
    public string? Method { get; init; }

    /// <summary>The plural of the kind; null: any.</summary>
    public string? Resource { get; init; }

    /// <summary>A regular expression that the path (without the query) must match somewhere; null: any.</summary>
    public string? Path { get; init; }

    /// <summary>A part of the user agent; null: any.</summary>
    public string? UserAgent { get; init; }

    /// <summary>Only watches (true), only others (false), null: both.</summary>
    public bool? Watch { get; init; }

    /// <summary>How many requests it meets; null: all until it is removed.</summary>
    public int? Times { get; init; }

    /// <summary>The HTTP status of the answer, for <see cref="ClusterFaultKind.Status"/>.</summary>
    public int StatusCode { get; init; } = 500;

    /// <summary>The <c>reason</c> of the Status; null: the one that goes with the code.</summary>
    public string? Reason { get; init; }

    /// <summary>The message of the Status.</summary>
    public string Message { get; init; } = "sandbox fault";

    /// <summary>The <c>Retry-After</c> header of the answer; null: none.</summary>
    public int? RetryAfterSeconds { get; init; }

    /// <summary>Milliseconds, for <see cref="ClusterFaultKind.Delay"/>.</summary>
    public int DelayMs { get; init; }

    internal bool Meets(ClusterRequest request) =>
        (Method is null || Method.Equals(request.Method, StringComparison.OrdinalIgnoreCase))
        && (Resource is null || Resource == request.Resource)
        && (Path is null || Regex.IsMatch(request.Path, Path))
        && (UserAgent is null || request.UserAgent.Contains(UserAgent, StringComparison.Ordinal))
        && (Watch is null || Watch == request.IsWatch);
}

/// <summary>The faults in force (the first that fits wins), and what can be done to the watches that run.</summary>
public sealed class ClusterFaults
{
    private readonly Lock _lock = new();
    private readonly List<(ClusterFault Fault, int? Left)> _faults = [];
    private readonly RunningWatches _watches;
    private readonly ObjectStore _store;

    internal ClusterFaults(RunningWatches watches, ObjectStore store) => (_watches, _store) = (watches, store);

    /// <summary>Adds a fault behind the others.</summary>
    public void Add(ClusterFault fault)
    {
        lock (_lock) _faults.Add((fault, fault.Times));
    }

    /// <summary>Takes all faults back.</summary>
    public void Clear()
    {
        lock (_lock) _faults.Clear();
    }

    /// <summary>The faults in force, in their order.</summary>
    public IReadOnlyList<ClusterFault> Current()
    {
        lock (_lock) return [.. _faults.Select(entry => entry.Fault)];
    }

    /// <summary>Cuts the connections of running watches.</summary>
    /// <param name="resource">The plural of the kind; null: of all.</param>
    /// <returns>How many there were.</returns>
    public int CutWatches(string? resource = null) => _watches.ForEach(resource, watch => watch.Cut());

    /// <summary>Ends running watches as at their timeout.</summary>
    public int EndWatches(string? resource = null) => _watches.ForEach(resource, watch => watch.End());

    /// <summary>Lets running watches go silent, bookmarks included, without ending them.</summary>
    public int FreezeWatches(string? resource = null) => _watches.ForEach(resource, watch => watch.Freeze());

    /// <summary>Forgets all past changes: a watch or a continuation from before is answered 410.</summary>
    public void Compact() => _store.Compact();

    internal ClusterFault? Take(ClusterRequest request)
    {
        lock (_lock)
        {
            for (var i = 0; i < _faults.Count; i++)
            {
                var (fault, left) = _faults[i];
                if (!fault.Meets(request)) continue;
                if (left is 1) _faults.RemoveAt(i);
                else _faults[i] = (fault, left - 1);
                return fault;
            }
            return null;
        }
    }
}
