using OvimSpokeAgent.Supervision;
using Prometheus;

namespace OvimSpokeAgent.Hub;

/// <summary>Whether the hub is there, and when it last was.</summary>
internal sealed class HubGauges(HubConnection hub, IMetricFactory metrics) : IGaugeSource
{
    private readonly Gauge _registered = metrics.CreateGauge(
        "ovim_agent_hub_registered", "1 while the hub takes reports: it took one, and no three in a row failed since.");

    private readonly Gauge _lastContact = metrics.CreateGauge(
        "ovim_agent_hub_last_contact_timestamp_seconds", "When the hub last took a report; absent until it did.");

    private readonly Gauge _missed = metrics.CreateGauge("ovim_agent_hub_missed_reports", "Reports in a row that the hub did not take.");

    public void Update()
    {
        var link = hub.Link;
        _registered.Set(link.IsRegistered && !hub.IsSilent ? 1 : 0);
        _missed.Set(hub.IsSilent ? 0 : link.MissedReports);
        if (link.LastContact is { } contact) _lastContact.Set(contact.ToUnixTimeMilliseconds() / 1000.0);
        else _lastContact.Unpublish();
    }
}
