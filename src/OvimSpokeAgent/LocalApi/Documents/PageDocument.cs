using OvimSpokeAgent.Health;

namespace OvimSpokeAgent.LocalApi;

/// <summary><c>/debug/page</c>: what the status page shows, at once; lists are shorter than in the documents of their own.</summary>
internal sealed record PageDocument
{
    public required StateDocument State { get; init; }

    public required HubDocument Hub { get; init; }

    public required IReadOnlyDictionary<string, ComponentHealth> Components { get; init; }

    public required OperationsDocument Operations { get; init; }

    public required VmsDocument Vms { get; init; }

    public required VdcsDocument Vdcs { get; init; }

    public required TemplatesDocument Templates { get; init; }

    public required CachesDocument Caches { get; init; }

    public required HistoryDocument History { get; init; }

    public required LogDocument Log { get; init; }
}
