using OvimSpokeAgent.Supervision;

namespace OvimSpokeAgent.Cluster;

/// <summary>Something the agent must be allowed to do.</summary>
/// <param name="Verb">RBAC verb.</param>
/// <param name="Kind">The resource.</param>
/// <param name="Namespace">Where; empty: everywhere.</param>
/// <param name="Subresource">The subresource, or empty.</param>
/// <param name="Name">The one object it is about, or empty.</param>
internal sealed record NeededPermission(
    string Verb, ResourceKind Kind, string Namespace = "", string Subresource = "", string Name = "")
{
    /// <summary>The agent does its work without, and only tells less.</summary>
    public bool IsOptional { get; init; }

    public override string ToString()
    {
        var resource = Subresource.Length == 0 ? Kind.ToString() : $"{Kind.Plural}/{Subresource}.{Kind.Group}";
        if (Name.Length > 0) resource += $" {Name}";
        return Namespace.Length == 0 ? $"{Verb} {resource}" : $"{Verb} {resource} in {Namespace}";
    }
}

/// <summary>
/// Asks the API server at the start, and now and then, whether the agent may do what it will need to, so that a missing
/// role shows before an operation fails by it.
/// </summary>
internal sealed partial class PermissionMonitor(
    AccessReviews reviews,
    ClusterConnectivity connectivity,
    IEnumerable<NeededPermission> needed,
    TimeProvider time,
    ILogger<PermissionMonitor> logger) : ILoop
{
    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan IntervalWhileMissing = TimeSpan.FromSeconds(30);

    private readonly AsyncLock _turn = new();
    private volatile IReadOnlyList<NeededPermission>? _missing;

    public string Name => "permissions";

    /// <summary>What is not allowed; null: not checked yet.</summary>
    public IReadOnlyList<NeededPermission>? Missing => _missing;

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            await connectivity.WaitUntilReachableAsync(cancellationToken);
            var isChecked = await CheckNowAsync(cancellationToken);
            var pause = isChecked && _missing is [] ? Interval : IntervalWhileMissing;
            await Task.Delay(pause, time, cancellationToken);
        }
    }

    /// <summary>Asks now. False: the API server gives no answer, and what was known stays.</summary>
    public async Task<bool> CheckNowAsync(CancellationToken cancellationToken)
    {
        using var turn = LoopTurn.Begin();
        using var held = await _turn.HoldAsync(cancellationToken);
        var missing = new List<NeededPermission>();
        try
        {
            foreach (var permission in needed)
            {
                if (!await reviews.IsAllowedAsync(permission, cancellationToken)) missing.Add(permission);
            }
        }
        catch (KubernetesApiException e) when (e.IsTransient)
        {
            return false;
        }
        if (missing.Count > 0 && !missing.SequenceEqual(_missing ?? [])) LogMissing(string.Join(", ", missing));
        _missing = missing;
        return true;
    }

    [LoggerMessage(5101, LogLevel.Warning, "The agent's service account is not allowed to: {Missing}")]
    private partial void LogMissing(string missing);
}
