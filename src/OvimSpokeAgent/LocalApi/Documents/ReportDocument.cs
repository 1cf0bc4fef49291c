using OvimSpokeAgent.Health;

namespace OvimSpokeAgent.LocalApi;

/// <summary><c>/debug/report</c>: all documents in one, to attach to a ticket.</summary>
internal sealed record ReportDocument
{
    public required StateDocument State { get; init; }

    public required HubDocument Hub { get; init; }

    public required HealthDocument Components { get; init; }

    public required OperationsDocument Operations { get; init; }

    public required VmsDocument Vms { get; init; }

    public required VdcsDocument Vdcs { get; init; }

    public required TemplatesDocument Templates { get; init; }

    public required CachesDocument Caches { get; init; }

    public required SettingsDocument Settings { get; init; }

    public required HistoryDocument History { get; init; }

    public required LogDocument Log { get; init; }
}
