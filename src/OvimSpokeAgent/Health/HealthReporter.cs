using OvimSpokeAgent.Configuration;
using OvimSpokeAgent.Events;
using OvimSpokeAgent.Hub;
using OvimSpokeAgent.Logging;
using OvimSpokeAgent.Supervision;
using OvimSpokeAgent.Validation;
using Prometheus;

namespace OvimSpokeAgent.Health;

/// <summary>
/// Runs the health checks, keeps the agent's state, and is asked for both. Checks run every
/// <c>OVIM_HEALTH_CHECK_INTERVAL</c>, whenever the hub's link changes, and for every request of the document.
/// </summary>
internal sealed partial class HealthReporter : ILoop, IDisposable
{
    private const int MaxReasonLength = 1000;

    private readonly IReadOnlyList<IHealthCheck> _checks;
    private readonly HubConnection _hub;
    private readonly AgentSettings _settings;
    private readonly TimeProvider _time;
    private readonly ILogger<HealthReporter> _logger;
    private readonly EventRecorder _events;
    private readonly ComponentNews _news;
    private readonly Counter _transitions;
    private readonly DateTimeOffset _startedAt;
    private readonly Lock _lock = new();
    private readonly Lock _checking = new();
    private AgentState _state = AgentState.Connecting;
    private volatile HealthDocument? _last;
    private volatile bool _stopping;

    public HealthReporter(
        IEnumerable<IHealthCheck> checks,
        HubConnection hub,
        EventRecorder events,
        ReportErrors errors,
        IMetricFactory metrics,
        AgentSettings settings,
        TimeProvider time,
        ILogger<HealthReporter> logger)
    {
        (_checks, _hub, _events, _settings, _time, _logger) = ([.. checks], hub, events, settings, time, logger);
        _transitions = metrics.CreateCounter(
            "ovim_agent_state_transitions_total", "Changes of the agent's state.", ["from", "to"]);
        _news = new ComponentNews(errors, hub, time);
        _startedAt = time.GetUtcNow();
        hub.Changed += OnHubChanged;
    }

    public string Name => "health";

    /// <summary>Raised after the state changed.</summary>
    public event Action<AgentState>? StateChanged;

    /// <summary>The state after the last check.</summary>
    public AgentState State
    {
        get
        {
            lock (_lock) return _state;
        }
    }

    /// <summary>When the agent started.</summary>
    public DateTimeOffset StartedAt => _startedAt;

    /// <summary>How the state changed.</summary>
    public StateHistory History { get; } = new();

    /// <summary>What the last check found; null: there was none yet.</summary>
    public HealthDocument? Last => _last;

    /// <summary>The agent is about to end: not ready any more, and <c>unavailable</c> to the hub.</summary>
    public bool IsStopping => _stopping;

    public void Stopping() => _stopping = true;

    /// <summary>Runs all checks now.</summary>
    public HealthDocument Check()
    {
        // One after the other: what an older look found must not come after what a newer one did.
        lock (_checking) return CheckInTurn();
    }

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(_settings.HealthCheckInterval, _time);
        do
        {
            using var turn = LoopTurn.Begin();
            Check();
        }
        while (await timer.WaitForNextTickAsync(cancellationToken));
    }

    public void Dispose() => _hub.Changed -= OnHubChanged;

    private HealthDocument CheckInTurn()
    {
        var components = new Dictionary<string, ComponentHealth>();
        var worst = HealthStatus.Healthy;
        var ready = !_stopping;
        foreach (var check in _checks)
        {
            var started = _time.GetTimestamp();
            var finding = check.Check();
            var (status, message) = finding;
            _news.Found(check.Name, finding);
            components[check.Name] = new ComponentHealth
            {
                Status = status,
                Message = message,
                LastCheck = _time.GetUtcNow(),
                DurationMs = Math.Round(_time.GetElapsedTime(started).TotalMilliseconds, 3),
            };
            worst = (HealthStatus)Math.Max((int)worst, (int)status);
            ready &= !check.NeededForReady || status is not HealthStatus.Unhealthy;
        }
        return _last = new HealthDocument
        {
            State = Advance(worst, components).ToString(),
            Ready = ready,
            UptimeSeconds = Math.Round((_time.GetUtcNow() - _startedAt).TotalSeconds, 3),
            Version = AgentVersion.Current,
            AgentId = _settings.AgentId,
            Components = components,
        };
    }

    private void OnHubChanged(HubLinkStatus link) => Check();

    private AgentState Advance(HealthStatus worst, Dictionary<string, ComponentHealth> components)
    {
        AgentState before, after;
        lock (_lock)
        {
            before = _state;
            var link = _hub.Link;
            _state = after = AgentStateMachine.Next(before, link.IsRegistered, link.IsTrying, worst);
        }
        if (before != after) Changed(before, after, Reason(worst, components));
        return after;
    }

    private void Changed(AgentState before, AgentState after, string reason)
    {
        LogChanged(before, after, reason);
        History.Add(new StateChange(_time.GetUtcNow(), before, after, JsonText.Shorten(reason, MaxReasonLength)));
        _transitions.WithLabels(before.ToString(), after.ToString()).Inc();
        _events.Record(
            _events.Agent,
            after is AgentState.Healthy or AgentState.Connecting ? EventSeverity.Normal : EventSeverity.Warning,
            $"Agent{after}",
            $"{before} → {after}: {reason}",
            "ChangeState");
        StateChanged?.Invoke(after);
    }

    // What the worst of the components say.
    private static string Reason(HealthStatus worst, Dictionary<string, ComponentHealth> components) =>
        worst is HealthStatus.Healthy or HealthStatus.Warning
            ? "all components are well"
            : string.Join("; ", components.Where(component => component.Value.Status == worst)
                .Select(component => $"{component.Key}: {component.Value.Message}"));

    [LoggerMessage(4001, LogLevel.Information, "State {Before} → {After}: {Reason}")]
    private partial void LogChanged(AgentState before, AgentState after, string reason);
}
