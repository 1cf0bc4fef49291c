using OvimSpokeAgent.Supervision;
using Prometheus;

namespace OvimSpokeAgent.Health;

/// <summary>What the last health check found.</summary>
internal sealed class HealthGauges(HealthReporter health, IMetricFactory metrics) : IGaugeSource
{
    private static readonly AgentState[] States = Enum.GetValues<AgentState>();
    private static readonly HealthStatus[] Statuses = Enum.GetValues<HealthStatus>();

    private readonly Gauge _state = metrics.CreateGauge("ovim_agent_state", "1 for the state the agent is in.", ["state"]);

    private readonly Gauge _ready = metrics.CreateGauge("ovim_agent_ready", "1 while the agent is ready.");

    private readonly Gauge _components = metrics.CreateGauge(
        "ovim_agent_component_status", "1 for the status that a component has (healthy, warning, degraded, unhealthy).", ["component", "status"]);

    public void Update()
    {
        var current = health.State;
        foreach (var state in States) _state.WithLabels(state.ToString()).Set(state == current ? 1 : 0);
        var found = health.Last;
        _ready.Set(found is { Ready: true } && !health.IsStopping ? 1 : 0);
        foreach (var (name, component) in found?.Components ?? new Dictionary<string, ComponentHealth>())
        {
            foreach (var status in Statuses)
                _components.WithLabels(name, status.ToString().ToLowerInvariant()).Set(component.Status == status ? 1 : 0);
        }
    }
}
