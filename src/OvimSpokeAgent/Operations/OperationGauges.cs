using OvimSpokeAgent.Supervision;
using Prometheus;

namespace OvimSpokeAgent.Operations;

/// <summary>What waits: operations, results, and what the journal holds.</summary>
internal sealed class OperationGauges(
    OperationScheduler scheduler, ResultDelivery delivery, OperationJournal journal, IMetricFactory metrics, TimeProvider time) : IGaugeSource
{
    private readonly Gauge _backlog = metrics.CreateGauge("ovim_agent_operations_backlog", "Operations taken in and not finished.");

    private readonly Gauge _undelivered = metrics.CreateGauge("ovim_agent_results_undelivered", "Results that the hub has not taken yet.");

    private readonly Gauge _oldest = metrics.CreateGauge(
        "ovim_agent_results_oldest_undelivered_age_seconds", "Since when the oldest result waits that the hub has not taken; 0: none does.");

    private readonly Gauge _bytes = metrics.CreateGauge("ovim_agent_journal_bytes", "Bytes that the journal's records take, roughly.");

    private readonly Gauge _full = metrics.CreateGauge(
        "ovim_agent_journal_full", "1 while the journal takes more than OVIM_JOURNAL_MAX_BYTES: no operations are taken.");

    private readonly Gauge _refused = metrics.CreateGauge("ovim_agent_results_refused", "Results in the journal that the hub refuses for good.");

    public void Update()
    {
        var status = journal.Status;
        _backlog.Set(scheduler.Backlog);
        _undelivered.Set(delivery.Pending);
        _oldest.Set(delivery.OldestFinishedAt is { } finished ? Math.Max(0, (time.GetUtcNow() - finished).TotalSeconds) : 0);
        _bytes.Set(status.Bytes);
        _full.Set(status.IsFull ? 1 : 0);
        _refused.Set(status.Refused);
    }
}
