using System.Text.Json.Nodes;
using System.Threading.Channels;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Configuration;
using OvimSpokeAgent.Supervision;
using Prometheus;

namespace OvimSpokeAgent.Events;

/// <summary>
/// Records Kubernetes events (events.k8s.io/v1). Best effort and never in the way: recording returns at once, repetitions within
/// ten minutes become a series, each object has a budget of events, and what the API server does not take is dropped and
/// counted. While the API server is away a bounded number waits.
/// </summary>
internal sealed partial class EventRecorder : ILoop
{
    private static readonly TimeSpan SeriesLife = TimeSpan.FromMinutes(10);

    // As client-go limits what one object may cause: 25 at once, then one in five minutes.
    private const int BurstOfSubject = 25;
    private static readonly TimeSpan RefillOfSubject = TimeSpan.FromMinutes(5);

    // What is remembered at most; beyond it the oldest goes.
    private const int MaxSeries = 1000;
    private const int MaxQueued = 500;

    private readonly IKubernetesApi _api;
    private readonly ClusterConnectivity _connectivity;
    private readonly TimeProvider _time;
    private readonly ILogger<EventRecorder> _logger;
    private readonly string _instance;
    private readonly Counter _recorded;
    private readonly Counter _dropped;
    private readonly Channel<EventSeries> _queue = Channel.CreateBounded<EventSeries>(MaxQueued);
    private readonly Lock _lock = new();
    private readonly OrderedDictionary<EventKey, EventSeries> _series = [];
    private readonly OrderedDictionary<EventSubject, TokenBucket> _budgets = [];
    private readonly LogThrottle _refusals;
    private long _sequence;

    public EventRecorder(
        IKubernetesApi api,
        ClusterConnectivity connectivity,
        IMetricFactory metrics,
        AgentSettings settings,
        TimeProvider time,
        ILogger<EventRecorder> logger)
    {
        (_api, _connectivity, _time, _logger) = (api, connectivity, time, logger);
        _refusals = new LogThrottle(time);
        _instance = settings.PodName ?? settings.AgentId;
        Agent = settings.PodName is { } pod
            ? new EventSubject(KubernetesKinds.Pod, new(settings.Namespace, pod), settings.PodUid)
            : new EventSubject(KubernetesKinds.Deployment, new(settings.Namespace, WellKnownNames.Agent));
        _recorded = metrics.CreateCounter("ovim_agent_events_recorded_total", "Kubernetes events written, repetitions included.");
        _dropped = metrics.CreateCounter(
            "ovim_agent_events_dropped_total", "Kubernetes events left out, by reason (budget, queue, refused).", ["reason"]);
    }

    public string Name => "events";

    /// <summary>The agent itself: its pod, or outside of one its Deployment, which need not exist.</summary>
    public EventSubject Agent { get; }

    /// <summary>Records an event; returns at once.</summary>
    /// <param name="subject">What it is about.</param>
    /// <param name="severity">How it is meant.</param>
    /// <param name="reason">Why, in one word of UpperCamelCase.</param>
    /// <param name="message">What happened, for people; without secrets.</param>
    /// <param name="action">What was done or tried, in one word; null: the reason says it.</param>
    public void Record(EventSubject subject, EventSeverity severity, string reason, string message, string? action = null)
    {
        lock (_lock)
        {
            var series = Find(new EventKey(subject, severity, reason, action ?? reason, message), _time.GetUtcNow());
            if (series is null || series.IsQueued) return;
            series.IsQueued = _queue.Writer.TryWrite(series);
            if (!series.IsQueued) _dropped.WithLabels("queue").Inc();
        }
    }

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await foreach (var series in _queue.Reader.ReadAllAsync(cancellationToken))
        {
            await _connectivity.WaitUntilReachableAsync(cancellationToken);
            await WriteAsync(series, cancellationToken);
        }
    }

    // Null: the subject's budget is used up.
    private EventSeries? Find(EventKey key, DateTimeOffset now)
    {
        if (_series.Remove(key, out var known) && now - known.Last < SeriesLife)
        {
            _series.Add(key, known); // to the young end
            known.HappenedAgain(now);
            return known;
        }
        if (!BudgetOf(key.Subject).TryTake())
        {
            _dropped.WithLabels("budget").Inc();
            return null;
        }
        if (_series.Count >= MaxSeries) _series.RemoveAt(0);
        var series = new EventSeries(key, EventSeries.NewName(key.Subject, now, ++_sequence & 0xffff), now);
        _series.Add(key, series);
        return series;
    }

    private TokenBucket BudgetOf(EventSubject subject)
    {
        if (_budgets.Remove(subject, out var budget))
        {
            _budgets.Add(subject, budget);
            return budget;
        }
        if (_budgets.Count >= MaxSeries) _budgets.RemoveAt(0);
        budget = new TokenBucket(BurstOfSubject, RefillOfSubject, _time);
        _budgets.Add(subject, budget);
        return budget;
    }

    private async Task WriteAsync(EventSeries series, CancellationToken cancellationToken)
    {
        using var turn = LoopTurn.Begin();
        try
        {
            var isWritten = await TryWriteAsync(series, cancellationToken) || await TryWriteAsync(series, cancellationToken);
            if (isWritten) _recorded.Inc();
            else _dropped.WithLabels("refused").Inc();
        }
        catch (KubernetesApiException e)
        {
            _dropped.WithLabels("refused").Inc();
            LogRefused(e);
        }
    }

    /// <summary>Creates or changes the event; false: it was thought to be there and is not, or the reverse, which is known now.</summary>
    private async Task<bool> TryWriteAsync(EventSeries series, CancellationToken cancellationToken)
    {
        var uid = series.IsCreated ? null : await FindUidAsync(series.Subject, cancellationToken);
        JsonObject body;
        lock (_lock)
        {
            series.IsQueued = false;
            body = series.IsCreated ? series.ToPatch() : series.ToJson(_instance, uid);
        }
        try
        {
            if (series.IsCreated)
            {
                await _api.MergePatchAsync(
                    KubernetesKinds.Event, series.Name, body, EventJson.Default.RecordedEvent, cancellationToken);
            }
            else
            {
                await _api.CreateAsync(
                    KubernetesKinds.Event, series.Name.Namespace, body, EventJson.Default.RecordedEvent, cancellationToken);
                series.IsCreated = true;
            }
            return true;
        }
        // It ran out, or the answer to its creation was lost.
        catch (KubernetesApiException e) when (e.Reason == (series.IsCreated ? ApiErrorReason.NotFound : ApiErrorReason.AlreadyExists))
        {
            series.IsCreated = !series.IsCreated;
            return false;
        }
    }

    // Without it the event is there, but no kubectl describe shows it.
    private async Task<string?> FindUidAsync(EventSubject subject, CancellationToken cancellationToken)
    {
        if (!subject.IsUidLookedUp) return null;
        try
        {
            return (await _api.GetAsync(subject.Kind, subject.Name, ClusterJson.Default.AnyObject, cancellationToken)).Metadata.Uid;
        }
        catch (KubernetesApiException)
        {
            return null; // gone, or not told
        }
    }

    // A missing permission refuses each of them: one line an hour, and the metric has the count.
    private void LogRefused(KubernetesApiException exception)
    {
        if (!_refusals.IsDue) return;
        _refusals.Logged();
        LogRefused(exception.Message);
    }

    [LoggerMessage(7001, LogLevel.Warning, "An event was not recorded: {Reason}")]
    private partial void LogRefused(string reason);
}
