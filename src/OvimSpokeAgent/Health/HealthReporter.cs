using OvimSpokeAgent.Configuration;
using OvimSpokeAgent.Hub;
using OvimSpokeAgent.Supervision;

namespace OvimSpokeAgent.Health;

/// <summary>
/// Runs the health checks, keeps the agent's state, and is asked for both. Checks run every
/// <c>OVIM_HEALTH_CHECK_INTERVAL</c>, whenever the hub's link changes, and for every request of the document.
/// </summary>
internal sealed partial class HealthReporter : ILoop, IDisposable
{
    private readonly IReadOnlyList<IHealthCheck> _checks;
    private readonly HubConnection _hub;
    private readonly AgentSettings _settings;
    private readonly TimeProvider _time;
    private readonly ILogger<HealthReporter> _logger;
    private readonly DateTimeOffset _startedAt;
    private readonly Lock _lock = new();
    private AgentState _state = AgentState.Connecting;
    private volatile bool _stopping;

    public HealthReporter(
        IEnumerable<IHealthCheck> checks,
        HubConnection hub,
        AgentSettings settings,
        TimeProvider time,
        ILogger<HealthReporter> logger)
    {
        (_checks, _hub, _settings, _time, _logger) = ([.. checks], hub, settings, time, logger);
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

    /// <summary>The agent is about to end: not ready any more, and <c>unavailable</c> to the hub.</summary>
    public bool IsStopping => _stopping;

    public void Stopping() => _stopping = true;

    /// <summary>Runs all checks now.</summary>
    public HealthDocument Check()
    {
        var components = new Dictionary<string, ComponentHealth>();
        var worst = HealthStatus.Healthy;
        var ready = !_stopping;
        foreach (var check in _checks)
        {
            var started = _time.GetTimestamp();
            var (status, message) = check.Check();
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
        return new HealthDocument
        {
            State = Advance(worst).ToString(),
            Ready = ready,
            UptimeSeconds = Math.Round((_time.GetUtcNow() - _startedAt).TotalSeconds, 3),
            Version = AgentVersion.Current,
            AgentId = _settings.AgentId,
            Components = components,
        };
    }

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(_settings.HealthCheckInterval, _time);
        do Check();
        while (await timer.WaitForNextTickAsync(cancellationToken));
    }

    public void Dispose() => _hub.Changed -= OnHubChanged;

    private void OnHubChanged(HubLink link) => Check();

    private AgentState Advance(HealthStatus worst)
    {
        AgentState before, after;
        lock (_lock)
        {
            before = _state;
            var link = _hub.Link;
            _state = after = AgentStateMachine.Next(before, link.IsRegistered, link.IsTrying, worst);
        }
        if (before == after) return after;
        LogChanged(before, after);
        StateChanged?.Invoke(after);
        return after;
    }

    [LoggerMessage(4001, LogLevel.Information, "State {Before} → {After}")]
    private partial void LogChanged(AgentState before, AgentState after);
}
