using Prometheus;

namespace OvimSpokeAgent.Hub;

/// <summary>The counters of the way to the hub.</summary>
internal sealed class HubMetrics(IMetricFactory metrics)
{
    private readonly Counter _reports = metrics.CreateCounter(
        "ovim_agent_hub_reports_total", "Status reports, by outcome (taken, failed).", ["outcome"]);

    private readonly Histogram _callDuration = metrics.CreateHistogram(
        "ovim_agent_hub_call_duration_seconds",
        "Time until a call to the hub ended, by endpoint.",
        ["endpoint"],
        new HistogramConfiguration { Buckets = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30] });

    private readonly Counter _polls = metrics.CreateCounter(
        "ovim_agent_hub_polls_total", "Requests for operations, by outcome (empty, operations, failed).", ["outcome"]);

    private readonly Counter _losses = metrics.CreateCounter(
        "ovim_agent_hub_possible_losses_total", "Poll answers that were not whole, so that operations may be lost.");

    private readonly Counter _calls = metrics.CreateCounter(
        "ovim_agent_hub_calls_total",
        "Calls to the hub, by endpoint and outcome (answered, refused, failed, not_tried).",
        ["endpoint", "outcome"]);

    private readonly Gauge _insecure = metrics.CreateGauge(
        "ovim_agent_hub_tls_insecure", "1 while any certificate of the hub is accepted (OVIM_HUB_TLS_INSECURE).");

    private readonly Gauge _pushUnproven = metrics.CreateGauge(
        "ovim_agent_push_unproven", "1 while operations may be pushed without proof (OVIM_PUSH_UNPROVEN).");

    private readonly Counter _pushes = metrics.CreateCounter(
        "ovim_agent_hub_pushes_total",
        "Requests of the hub, by outcome (accepted, asked, refused, not_now, unauthorized, limited).",
        ["outcome"]);

    public void Pushed(PushOutcome outcome) => _pushes.WithLabels(outcome switch
    {
        PushOutcome.Accepted => "accepted",
        PushOutcome.Asked => "asked",
        PushOutcome.Refused => "refused",
        PushOutcome.NotNow => "not_now",
        PushOutcome.Unauthorized => "unauthorized",
        _ => "limited",
    }).Inc();

    /// <summary>Whether the hub's certificate is looked at.</summary>
    public bool IsInsecure
    {
        set => _insecure.Set(value ? 1 : 0);
    }

    /// <summary>Whether operations may be pushed without proof.</summary>
    public bool IsPushUnproven
    {
        set => _pushUnproven.Set(value ? 1 : 0);
    }

    /// <summary>Counts a call.</summary>
    /// <param name="endpoint">Where it went.</param>
    /// <param name="outcome">How it ended.</param>
    /// <param name="duration">How long it took; null: it was not tried.</param>
    public void Called(HubEndpoint endpoint, HubCallOutcome outcome, TimeSpan? duration)
    {
        var name = endpoint switch
        {
            HubEndpoint.Status => "status",
            HubEndpoint.Operations => "operations",
            HubEndpoint.Result => "result",
            HubEndpoint.Templates => "templates",
            _ => "health",
        };
        _calls.WithLabels(name, outcome switch
        {
            HubCallOutcome.Answered => "answered",
            HubCallOutcome.Refused => "refused",
            HubCallOutcome.NotTried => "not_tried",
            _ => "failed",
        }).Inc();
        if (duration is { } taken) _callDuration.WithLabels(name).Observe(taken.TotalSeconds);
    }

    public void ReportTaken() => _reports.WithLabels("taken").Inc();

    public void ReportFailed() => _reports.WithLabels("failed").Inc();

    public void Polled(int operations) => _polls.WithLabels(operations > 0 ? "operations" : "empty").Inc();

    public void PollFailed() => _polls.WithLabels("failed").Inc();

    public void PossibleLoss() => _losses.Inc();
}

/// <summary>How a call to the hub ended.</summary>
internal enum HubCallOutcome
{
    Answered,

    /// <summary>The hub answered that it does not do it.</summary>
    Refused,

    /// <summary>No answer.</summary>
    Failed,

    /// <summary>Held back because the hub asked for it.</summary>
    NotTried,
}
