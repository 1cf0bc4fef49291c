using Prometheus;

namespace OvimSpokeAgent.Hub;

/// <summary>The counters of the way to the hub.</summary>
internal sealed class HubMetrics(IMetricFactory metrics)
{
    private readonly Counter _reports = metrics.CreateCounter(
        "ovim_hub_reports_total", "Status reports, by outcome (taken, failed).", ["outcome"]);

    private readonly Histogram _reportDuration = metrics.CreateHistogram(
        "ovim_hub_report_duration_seconds", "Time until the hub took a status report.");

    private readonly Counter _polls = metrics.CreateCounter(
        "ovim_hub_polls_total", "Requests for operations, by outcome (empty, operations, failed).", ["outcome"]);

    private readonly Counter _losses = metrics.CreateCounter(
        "ovim_hub_possible_losses_total", "Poll answers that were not whole, so that operations may be lost.");

    public void ReportTaken(TimeSpan duration)
    {
        _reports.WithLabels("taken").Inc();
        _reportDuration.Observe(duration.TotalSeconds);
    }

    public void ReportFailed() => _reports.WithLabels("failed").Inc();

    public void Polled(int operations) => _polls.WithLabels(operations > 0 ? "operations" : "empty").Inc();

    public void PollFailed() => _polls.WithLabels("failed").Inc();

    public void PossibleLoss() => _losses.Inc();
}
