using OvimSpokeAgent.Configuration;
using OvimSpokeAgent.Health;

namespace OvimSpokeAgent.LocalApi;

/// <summary>Reads what is made of several documents.</summary>
internal sealed class DocumentSource(
    StateSource state,
    HubSource hub,
    HealthReporter health,
    OperationsSource operations,
    InventorySource inventory,
    TemplatesSource templates,
    CachesSource caches,
    HistorySource history,
    LogSource log,
    SettingsResult settings)
{
    // A page with more rows is no page any more: it has a filter.
    private const int MaxOnPage = 200;

    public SettingsDocument Settings { get; } = new(settings.InUse, settings.Warnings);

    public PageDocument ReadPage(InventoryFilter filter, long logAfter)
    {
        var components = health.Check().Components; // first: the state follows from them
        return new PageDocument
        {
            State = state.Read(),
            Hub = hub.Read(),
            Components = components,
            Operations = operations.Read(),
            Vms = inventory.ReadVms(filter, MaxOnPage),
            Vdcs = inventory.ReadVdcs(default, MaxOnPage),
            Templates = templates.Read(MaxOnPage),
            Caches = caches.Read(),
            History = history.Read(),
            Log = log.Read(logAfter),
        };
    }

    public ReportDocument ReadReport()
    {
        var components = health.Check();
        return new ReportDocument
        {
            State = state.Read(),
            Hub = hub.Read(),
            Components = components,
            Operations = operations.Read(),
            Vms = inventory.ReadVms(),
            Vdcs = inventory.ReadVdcs(),
            Templates = templates.Read(),
            Caches = caches.Read(),
            Settings = Settings,
            History = history.Read(),
            Log = log.Read(),
        };
    }
}
