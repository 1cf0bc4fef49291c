using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Configuration;
using OvimSpokeAgent.Hub;
using OvimSpokeAgent.Supervision;
using OvimSpokeAgent.Templates;

namespace OvimSpokeAgent.LocalApi;

/// <summary>What an operator can have the agent do by the local API.</summary>
internal sealed class LocalActions(
    HeartbeatLoop heartbeat,
    HubConnection hub,
    RetryAfterGate gate,
    TemplateCache templates,
    TemplatePull pull,
    PermissionMonitor permissions,
    AgentSettings settings,
    TimeProvider time)
{
    private static readonly TimeSpan ReportLimit = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan ClusterLimit = TimeSpan.FromSeconds(30);

    /// <summary>Sends a report now and waits for what comes of it.</summary>
    /// <param name="registersAnew">As after a start.</param>
    /// <param name="cancellationToken">Who asked is gone.</param>
    public async Task<ActionResult> ReportAsync(bool registersAnew, CancellationToken cancellationToken)
    {
        if (hub.IsSilent) return ActionResult.Impossible("another agent leads, and reports to the hub for both: ask that one");
        if (gate.Remaining(HubEndpoint.Status) is var left && left > TimeSpan.Zero)
            return ActionResult.Impossible($"the hub asked to be left alone for {Math.Ceiling(left.TotalSeconds)} s more");
        try
        {
            var link = await heartbeat.ReportNow(registersAnew).WaitAsync(ReportLimit, time, cancellationToken);
            return link.Problem is { } problem
                ? ActionResult.Failed($"the hub did not take the report: {problem}")
                : ActionResult.Done(registersAnew ? "registered: the hub is there and took a report" : "the hub took a report");
        }
        catch (TimeoutException)
        {
            return ActionResult.Failed($"the hub gave no answer within {ReportLimit.TotalSeconds:0} s; the report is tried again");
        }
    }

    /// <summary>Reads the stored templates anew, and asks the hub for all of its.</summary>
    public async Task<ActionResult> ClearTemplatesAsync(CancellationToken cancellationToken)
    {
        try
        {
            string? problem = null;
            if (!await TimeLimit.RunAsync(ClusterLimit, time, async token => problem = await templates.ClearAsync(token), cancellationToken))
                return ActionResult.Failed($"the API server did not give the templates within {ClusterLimit.TotalSeconds:0} s");
            if (problem is not null) return ActionResult.Impossible(problem);
        }
        catch (KubernetesApiException e)
        {
            return e.Reason is ApiErrorReason.NotLeading ? ActionResult.Impossible(e.Message) : ActionResult.Failed(e.Message);
        }
        if (!settings.Templates.Sync)
            return ActionResult.Done($"{templates.Count} stored templates were read anew; the hub is not asked: {SettingsTable.TemplateSync.Name} is false");
        pull.PullAnew();
        return ActionResult.Done($"{templates.Count} stored templates were read anew; the hub is asked for all of its");
    }

    /// <summary>Asks the API server what the agent may do.</summary>
    public async Task<ActionResult> CheckPermissionsAsync(CancellationToken cancellationToken)
    {
        var isAnswered = false;
        try
        {
            await TimeLimit.RunAsync(ClusterLimit, time, async token => isAnswered = await permissions.CheckNowAsync(token), cancellationToken);
        }
        catch (KubernetesApiException e)
        {
            return ActionResult.Failed(e.Message);
        }
        if (!isAnswered) return ActionResult.Failed("the API server does not say what the agent may do; what was known before stays");
        return ActionResult.Done(permissions.Missing is { Count: > 0 } missing
            ? $"not allowed: {string.Join(", ", missing)}"
            : "all that the agent needs is granted");
    }
}
