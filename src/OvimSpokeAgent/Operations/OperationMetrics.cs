using Prometheus;

namespace OvimSpokeAgent.Operations;

/// <summary>The counters of operations and results.</summary>
internal sealed class OperationMetrics(IMetricFactory metrics)
{
    private readonly Counter _received = metrics.CreateCounter(
        "ovim_agent_operations_received_total", "Operations taken from the hub, repeats included.", ["type", "repeat"]);

    private readonly Counter _finished = metrics.CreateCounter(
        "ovim_agent_operations_finished_total", "Operations that ended, by outcome (completed, failed).", ["type", "outcome"]);

    private readonly Histogram _duration = metrics.CreateHistogram(
        "ovim_agent_operation_duration_seconds",
        "Time from the start of an operation's execution to its end.",
        ["type"],
        new HistogramConfiguration { Buckets = [0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300, 1800] });

    private readonly Counter _attempts = metrics.CreateCounter(
        "ovim_agent_results_sent_total", "Attempts to deliver a result (delivered, refused, failed, unreachable).", ["outcome"]);

    private readonly Counter _unanswerable = metrics.CreateCounter(
        "ovim_agent_operations_unanswerable_total", "Operations without a usable id.");

    /// <summary>Counts one; its type is a known one or <c>unknown</c>: what a hub sends must not make label values.</summary>
    public void Received(string type, bool repeat) => _received.WithLabels(type, repeat ? "true" : "false").Inc();

    public void Finished(string type, bool completed, TimeSpan duration)
    {
        _finished.WithLabels(type, completed ? "completed" : "failed").Inc();
        _duration.WithLabels(type).Observe(duration.TotalSeconds);
    }

    public void ResultAttempted(DeliveryOutcome outcome)
    {
        if (outcome is DeliveryOutcome.NotTried) return;
        _attempts.WithLabels(outcome switch
        {
            DeliveryOutcome.Delivered => "delivered",
            DeliveryOutcome.Refused => "refused",
            DeliveryOutcome.Failed => "failed",
            _ => "unreachable",
        }).Inc();
    }

    public void Unanswerable() => _unanswerable.Inc();
}
