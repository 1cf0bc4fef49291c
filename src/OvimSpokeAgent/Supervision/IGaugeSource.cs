namespace OvimSpokeAgent.Supervision;

/// <summary>Sets gauges from what is in memory, each time Prometheus asks.</summary>
internal interface IGaugeSource
{
    void Update();
}
