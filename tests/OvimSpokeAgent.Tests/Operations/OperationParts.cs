using Microsoft.Extensions.Logging.Abstractions;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Configuration;
using OvimSpokeAgent.Events;
using OvimSpokeAgent.Leadership;
using OvimSpokeAgent.Logging;
using OvimSpokeAgent.Operations;
using OvimSpokeAgent.Supervision;

namespace OvimSpokeAgent.Tests.Operations;

/// <summary>The journal and all that works on operations, put together as in the agent.</summary>
internal sealed class OperationParts
{
    public OperationParts(
        OperationRegistry registry,
        IJournalStore store,
        IResultChannel hub,
        ILeadership leadership,
        IKubernetesApi api,
        ReportErrors errors,
        EventRecorder events,
        OperationMetrics metrics,
        AgentSettings settings,
        Jitter jitter,
        TimeProvider time,
        int mostTogether = OperationReceiver.DefaultMaxTogether)
    {
        Journal = new OperationJournal(store, settings, jitter, time, NullLogger<OperationJournal>.Instance);
        var scheduler = new OperationScheduler(settings.Operations.Concurrency, time);
        var executor = new OperationExecutor(
            registry,
            Journal,
            new ExecutionAttempts(new AccessReviews(api, time), jitter, time),
            Executions = new RunningExecutions(new RunningLoops(), time),
            settings,
            time,
            NullLogger<OperationExecutor>.Instance);
        Delivery = new ResultDelivery(
            hub, leadership, Journal, errors, events, metrics, settings, jitter, time, NullLogger<ResultDelivery>.Instance);
        var receiver = new OperationReceiver(
            registry, executor, Journal, errors, Recent = new RecentOperations(time), metrics, settings, time, NullLogger<OperationReceiver>.Instance)
        {
            MaxTogether = mostTogether,
        };
        Processor = new OperationProcessor(
            receiver,
            new PendingOperationFinder(registry, executor, Journal),
            Journal,
            scheduler,
            executor,
            Delivery,
            metrics,
            new RecentOutcomes(time),
            Recent,
            new OperationEvents(events, _ => true),
            settings,
            time,
            NullLogger<OperationProcessor>.Instance);
        Loop = new OperationLoop(leadership, Journal, Processor, receiver, scheduler, Delivery, settings, time);
    }

    public OperationJournal Journal { get; }

    public RunningExecutions Executions { get; }

    public RecentOperations Recent { get; }

    public ResultDelivery Delivery { get; }

    public OperationProcessor Processor { get; }

    public OperationLoop Loop { get; }
}
