using OvimSpokeAgent.Capacity;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Configuration;
using OvimSpokeAgent.Contract;
using OvimSpokeAgent.Health;
using OvimSpokeAgent.Hub;
using OvimSpokeAgent.Leadership;
using OvimSpokeAgent.Logging;
using OvimSpokeAgent.Operations;
using OvimSpokeAgent.Supervision;
using OvimSpokeAgent.Templates;
using OvimSpokeAgent.VirtualDataCenters;
using OvimSpokeAgent.VirtualMachines;

namespace OvimSpokeAgent.Agent;

/// <summary>Composes the status report from the caches.</summary>
internal sealed class ReportComposer(
    AgentSettings settings,
    HealthReporter health,
    HubConnection hub,
    VirtualMachineManager virtualMachines,
    VdcStatusReader vdcs,
    ClusterMetricsReader metrics,
    TemplateSource templates,
    IEnumerable<IWatchCacheStatus> caches,
    ILeadership leadership,
    OperationJournal journal,
    ReportErrors errors,
    TimeProvider time) : IReportSource
{
    // After the limit the hub learns that the agent is there, and that it is not healthy.
    public Task WaitUntilMeaningfulAsync(CancellationToken cancellationToken) =>
        TimeLimit.RunAsync(settings.HeartbeatInterval, time, WaitForFirstAnswersAsync, cancellationToken);

    public Task WaitUntilWantedAsync(CancellationToken cancellationToken) =>
        leadership.WaitUntilNotStandbyAsync(cancellationToken);

    public StatusReport Compose()
    {
        health.Check();
        var now = time.GetUtcNow();
        var pending = errors.Pending();
        return new StatusReport
        {
            AgentId = settings.AgentId,
            ClusterId = settings.ClusterId,
            ZoneId = settings.ZoneId,
            Status = health.IsStopping
                ? AgentStateMachine.Unavailable
                : AgentStateMachine.ToWire(health.State, settings.Hub.HealthyStatus),
            Version = AgentVersion.Current,
            Metrics = metrics.Read(),
            Vdcs = vdcs.List(),
            Vms = [.. virtualMachines.List(null).Select(metrics.WithUse)],
            LastHubContact = hub.Link.LastContact,
            ReportTime = now,
            Errors = pending.Count > 0 ? pending : null,
            UnusableTemplates = templates.UnusableForReport() is { Count: > 0 } unusable ? unusable : null,
            CallbackUrl = settings.Push.CallbackUrl?.AbsoluteUri.TrimEnd('/'),
        };
    }

    public void Delivered(StatusReport report) => errors.Sent(report.Errors ?? []);

    private async Task WaitForFirstAnswersAsync(CancellationToken cancellationToken)
    {
        await leadership.WaitForFirstAnswerAsync(cancellationToken);
        await journal.WaitForFirstAnswerAsync(cancellationToken);
        foreach (var cache in caches.Where(cache => cache.IsAwaited)) await cache.WaitForFirstAnswerAsync(cancellationToken);
    }
}
