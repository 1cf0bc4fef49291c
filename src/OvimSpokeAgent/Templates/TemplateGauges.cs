using OvimSpokeAgent.Supervision;
using Prometheus;

namespace OvimSpokeAgent.Templates;

/// <summary>How many templates there are: from which VMs can be made here, from which not, and those of the hub that are none.</summary>
internal sealed class TemplateGauges(TemplateCache cache, TemplateSource source, TemplatePull pull, IMetricFactory metrics) : IGaugeSource
{
    private readonly CurrentSeries<string> _templates = new(
        metrics.CreateGauge(
            "ovim_agent_templates",
            "Templates of the hub by state (usable, unusable on this cluster, rejected of the last pull); of the agent that leads.",
            ["state"]),
        state => [state]);

    public void Update()
    {
        if (cache.Count is not { } count)
        {
            _templates.Show([]);
            return;
        }
        var unusable = Math.Min(count, source.Unusable().Count);
        _templates.Show([("usable", count - unusable), ("unusable", unusable), ("rejected", pull.RejectedCount)]);
    }
}
