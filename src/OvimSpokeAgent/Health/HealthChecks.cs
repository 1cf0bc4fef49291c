using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Configuration;
using OvimSpokeAgent.Hub;
using OvimSpokeAgent.Operations;
using OvimSpokeAgent.Supervision;
using OvimSpokeAgent.Tls;

namespace OvimSpokeAgent.Health;

/// <summary>
/// The way to the hub. While the hub takes no reports, this decides nothing about the agent's state, which has values of its
/// own for that.
/// </summary>
internal sealed class HubCheck(HubConnection connection, AgentSettings settings) : IHealthCheck
{
    public string Name => "hub";

    public bool NeededForReady => false;

    public HealthFinding Check()
    {
        var link = connection.Link;
        if (!link.IsRegistered)
        {
            return HealthFinding.Degraded(link.Problem is null
                ? $"connecting to {settings.Hub.Endpoint}"
                : $"connecting to {settings.Hub.Endpoint}: {link.Problem}");
        }
        if (link is { IsIdInUse: true, Problem: { } inUse }) return HealthFinding.Degraded(inUse);
        if (link.Problem is not null)
            return HealthFinding.Warning($"the last {link.MissedReports} reports were not taken: {link.Problem}");
        if (connection.PollProblem is { } problem) return HealthFinding.Degraded($"registered, but it gives no operations: {problem}");
        return settings.Hub.TlsInsecure
            ? HealthFinding.Warning("registered, but OVIM_HUB_TLS_INSECURE accepts any certificate")
            : HealthFinding.Healthy("registered");
    }
}

/// <summary>Tokens, certificates and CAs from files: whether the newest content is in use, and how long it lasts.</summary>
internal sealed class CredentialsCheck(IEnumerable<IFileValueOwner> owners, TimeProvider time) : IHealthCheck
{
    public string Name => "credentials";

    public bool NeededForReady => false;

    public HealthFinding Check()
    {
        var now = time.GetUtcNow();
        var values = owners.SelectMany(owner => owner.FileValues).ToList();
        var unusable = values.Where(value => value.Problem is not null)
            .Select(value => $"the new {value.What} cannot be used: {value.Problem}");
        var ending = values.Select(value => CertificateExpiry.Of(value, now)).OfType<CertificateExpiry>()
            .Where(expiry => expiry.IsNear(now))
            .Select(expiry => expiry.Describe(now));
        var warnings = unusable.Concat(ending).ToList();
        return warnings.Count == 0
            ? HealthFinding.Healthy($"{values.Count} from files in use")
            : HealthFinding.Warning(string.Join("; ", warnings));
    }
}

/// <summary>Whether the API server answers, and knows the agent.</summary>
internal sealed class ClusterCheck(ClusterConnectivity connectivity) : IHealthCheck
{
    public string Name => "cluster";

    public bool NeededForReady => false;

    public HealthFinding Check() => connectivity switch
    {
        { IsReachable: false } => HealthFinding.Unhealthy($"the API server does not answer: {connectivity.LastError}"),
        { Refusal: { } refusal } => HealthFinding.Unhealthy($"the API server does not accept the agent's credentials: {refusal}"),
        _ => HealthFinding.Healthy("the API server answers"),
    };
}

/// <summary>The watch caches: whether each knows its kind, and since when it does not hear of it.</summary>
internal sealed class CachesCheck(IEnumerable<IWatchCacheStatus> caches) : IHealthCheck
{
    public string Name => "caches";

    public bool NeededForReady => true;

    public HealthFinding Check()
    {
        var findings = caches.Select(FindingOf).ToList();
        var worst = findings.Max(finding => finding.Status);
        return new HealthFinding(worst, worst is HealthStatus.Healthy
            ? $"{findings.Count} kinds synced"
            : string.Join("; ", findings.Where(finding => finding.Status == worst).Select(finding => finding.Message)));
    }

    private static HealthFinding FindingOf(IWatchCacheStatus cache)
    {
        var status = cache.Status;
        return status.State switch
        {
            CacheState.Synced => HealthFinding.Healthy($"{cache.Kind} synced"),
            CacheState.KindMissing when cache.IsOptional => HealthFinding.Healthy($"the cluster has no {cache.Kind}"),
            CacheState.KindMissing => HealthFinding.Degraded($"the cluster has no {cache.Kind} (is KubeVirt installed?)"),
            CacheState.Failing when status.LastSync is not null =>
                HealthFinding.Degraded($"{cache.Kind} not heard of since {status.LastEvent:O}: {status.Problem}"),
            CacheState.Failing => HealthFinding.Unhealthy($"{cache.Kind} not synced: {status.Problem}"),
            _ => HealthFinding.Unhealthy($"{cache.Kind} not synced yet"),
        };
    }
}

/// <summary>Operations and results: how many wait, and whether the hub takes none.</summary>
internal sealed class OperationsCheck(OperationProcessor processor, ResultDelivery delivery, OperationJournal journal)
    : IHealthCheck
{
    public string Name => "operations";

    public bool NeededForReady => false;

    public HealthFinding Check()
    {
        var counts = $"{processor.Backlog} to do, {delivery.Pending} results to deliver";
        if (delivery.Problem is { } problem) return HealthFinding.Degraded($"{counts}, the hub takes none: {problem}");
        // Told once, when it was refused: nothing is wrong with the agent, and nothing can be done here.
        return HealthFinding.Healthy(journal.Status.Refused is > 0 and var refused ? $"{counts}, {refused} refused by the hub" : counts);
    }
}

/// <summary>Whether operations can be stored: what cannot be stored is not taken from the hub.</summary>
internal sealed class JournalCheck(OperationJournal journal) : IHealthCheck
{
    public string Name => "journal";

    /// <summary>Until it could be read once.</summary>
    public bool NeededForReady => !journal.Status.WasReadable;

    public HealthFinding Check()
    {
        var status = journal.Status;
        return status switch
        {
            { Problem: { IsPassing: true } problem } => HealthFinding.Degraded(
                $"the API server asks to come back later, no operations are taken until then: {problem.Message}"),
            { Problem: { } problem, Arriving: 0 } => HealthFinding.Unhealthy(
                $"cannot be read or written since {problem.Since:O}, no operations are taken: {problem.Message}"),
            { Problem: { } problem } => HealthFinding.Unhealthy(
                $"cannot be written since {problem.Since:O}, {status.Arriving} operations wait in memory, no more are taken: "
                + problem.Message),
            { WasReadable: false } => HealthFinding.Unhealthy("not read yet"),
            { IsFull: true } => HealthFinding.Degraded($"full with {status.Bytes >> 20} MiB, no operations are taken for now"),
            { Unreadable.Count: > 0 } => HealthFinding.Degraded(
                $"{status.Unreadable.Count} records cannot be read: {string.Join(", ", status.Unreadable.Take(3))}"),
            { CleaningProblem: { } problem } => HealthFinding.Degraded($"expired records cannot be removed: {problem}"),
            _ => HealthFinding.Healthy("readable, and nothing waits to be written"),
        };
    }
}

/// <summary>Whether this agent works, or stands by for another.</summary>
internal sealed class LeadershipCheck(ILeadership leadership) : IHealthCheck
{
    public string Name => "leadership";

    public bool NeededForReady => false;

    public HealthFinding Check()
    {
        if (leadership.Problem is { } problem)
        {
            return HealthFinding.Degraded(leadership.Current is null
                ? $"does not lead, no operations are taken or executed: {problem}"
                : $"leads, but the Lease could not be renewed: {problem}");
        }
        return leadership switch
        {
            { Current: not null } => HealthFinding.Healthy("leads"),
            { OtherLeader: { } other } => HealthFinding.Healthy($"standby: {other} leads"),
            _ => HealthFinding.Degraded("does not lead, no operations are taken or executed"),
        };
    }
}

/// <summary>What the agent may not do and would need to.</summary>
internal sealed class PermissionsCheck(PermissionCheck permissions) : IHealthCheck
{
    public string Name => "permissions";

    public bool NeededForReady => false;

    public HealthFinding Check() => permissions.Missing switch
    {
        null => HealthFinding.Healthy("not checked yet"),
        [] => HealthFinding.Healthy("all granted"),
        var missing => HealthFinding.Degraded($"not allowed: {string.Join(", ", missing)}"),
    };
}

/// <summary>The agent's own loops: whether one failed within the last minute.</summary>
internal sealed class LoopsCheck(LoopRegistry registry) : IHealthCheck
{
    public string Name => "loops";

    public bool NeededForReady => false;

    public HealthFinding Check()
    {
        var failing = registry.Loops.Where(loop => loop.RecentFailure is not null)
            .Select(loop => $"{loop.Name} failed: {loop.RecentFailure!.Message}")
            .ToList();
        return failing.Count == 0 ? HealthFinding.Healthy("running") : HealthFinding.Degraded(string.Join("; ", failing));
    }
}

/// <summary>
/// The objects that the agent cannot work on, while it works on all others. Never more than a warning: anyone who may write
/// an object can make one that fails, and must not take the agent out of service or call its operators by that.
/// </summary>
internal sealed class ObjectsCheck(ObjectFailures failures) : IHealthCheck
{
    private const int ShownOfPlace = 3;

    public string Name => "objects";

    public bool NeededForReady => false;

    public HealthFinding Check()
    {
        var places = failures.FailingPlaces;
        return places.Count == 0
            ? HealthFinding.Healthy("none fails")
            : HealthFinding.Warning(string.Join("; ", places.Select(Describe)));
    }

    private static string Describe(ObjectGuard place)
    {
        var (failing, mayBeMore) = place.Current;
        var shown = string.Join("; ", failing.Take(ShownOfPlace)
            .Select(failure => $"{failure.Name} fails since {failure.Since:O}: {failure.Message}"));
        return failing.Count <= ShownOfPlace
            ? $"{place.Place}: {shown}"
            : $"{place.Place}: {shown}; and {failing.Count - ShownOfPlace}{(mayBeMore ? " or more" : "")} others";
    }
}
