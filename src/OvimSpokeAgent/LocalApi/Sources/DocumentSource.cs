using OvimSpokeAgent.Configuration;
using OvimSpokeAgent.Health;

namespace OvimSpokeAgent.LocalApi;

/// <summary>Where each document comes from, and what is made of several.</summary>
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

    public StateSource State => state;

    public HubSource Hub => hub;

    public HealthReporter Health => health;

    public OperationsSource Operations => operations;

    public InventorySource Inventory => inventory;

    public TemplatesSource Templates => templates;

    public CachesSource Caches => caches;

    public HistorySource History => history;

    public LogSource Log => log;

    public SettingsDocument Settings { get; } = new(settings.InUse, settings.Warnings);

    public PageDocument ReadPage(InventoryFilter filter, long logAfter)
    {
        var components = health.Check().Components; // first: the state follows from them
        var vms = inventory.ReadVms(filter, MaxOnPage);
        return new PageDocument
        {
            State = state.Read(),
            Hub = hub.Read(),
            Components = components,
            Operations = operations.Read(),
            Vms = vms,
            Vdcs = inventory.ReadVdcs(default, MaxOnPage),
            Templates = templates.Read(MaxOnPage),
            Caches = caches.Read(),
            History = history.Read(vms.ByStatus),
            Log = log.Read(logAfter),
        };
    }

    public ReportDocument ReadReport()
    {
        var components = health.Check();
        var vms = inventory.ReadVms();
        return new ReportDocument
        {
            State = state.Read(),
            Hub = hub.Read(),
            Components = components,
            Operations = operations.Read(),
            Vms = vms,
            Vdcs = inventory.ReadVdcs(),
            Templates = templates.Read(),
            Caches = caches.Read(),
            Settings = Settings,
            History = history.Read(vms.ByStatus),
            Log = log.Read(),
        };
    }
}
