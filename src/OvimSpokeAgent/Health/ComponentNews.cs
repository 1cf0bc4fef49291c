using OvimSpokeAgent.Hub;
using OvimSpokeAgent.Logging;
using OvimSpokeAgent.Supervision;

namespace OvimSpokeAgent.Health;

/// <summary>
/// Tells the hub, in the next report's <c>errors</c>, of components that got worse. One that was not well yet since the agent started
/// has a minute for it. Of the way to the hub only what it cannot see itself is told. Not thread-safe.
/// </summary>
internal sealed class ComponentNews(ReportErrors errors, HubConnection hub, TimeProvider time)
{
    private static readonly TimeSpan TimeToStart = TimeSpan.FromMinutes(1);

    private readonly long _startedAt = time.GetTimestamp();
    private readonly Dictionary<string, HealthStatus> _told = [];

    /// <summary>What a component's check found.</summary>
    public void Found(string component, HealthFinding finding)
    {
        if (finding.Status is not HealthStatus.Healthy && !IsToBeTold(component)) return;
        var isKnown = _told.TryGetValue(component, out var before);
        _told[component] = finding.Status;
        if (finding.Status <= (isKnown ? before : HealthStatus.Healthy)) return;
        errors.Add($"component {component}", $"component {component} is {Word(finding.Status)}: {finding.Message}");
    }

    private bool IsToBeTold(string component) =>
        (_told.ContainsKey(component) || time.GetElapsedTime(_startedAt) >= TimeToStart)
        && (component != HubCheck.ComponentName || hub.Link is { IsRegistered: true, Problem: null });

    private static string Word(HealthStatus status) => status switch
    {
        HealthStatus.Warning => "not as it should be",
        HealthStatus.Degraded => "degraded",
        _ => "unhealthy",
    };
}
