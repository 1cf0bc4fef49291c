using Microsoft.Extensions.Logging.Abstractions;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Configuration;
using OvimSpokeAgent.Events;
using OvimSpokeAgent.Leadership;
using OvimSpokeAgent.Operations;
using OvimSpokeAgent.Supervision;
using OvimSpokeAgent.VirtualDataCenters;
using OvimSpokeAgent.VirtualMachines;
using Prometheus;

namespace OvimSpokeAgent.Tests.Operations.Simulation;

/// <summary>An agent's parts that have to do with VDCs, wired as the host wires them.</summary>
internal sealed class SimulatedVdcs
{
    private readonly VdcDeclarationCache _declared;
    private readonly VdcRepair _repair;

    public SimulatedVdcs(
        SimulatedCaches caches,
        IKubernetesApi api,
        ManagedNamespaces managed,
        ILeadership leadership,
        Func<OperationKey, JournalRecord?> journal,
        EventRecorder events,
        IMetricFactory factory,
        ObjectFailures failures,
        AgentSettings settings,
        Jitter jitter,
        TimeProvider time)
    {
        var metrics = new VdcMetrics(factory);
        var vmCaches = new VmCaches(
            caches.Namespaces, caches.Machines, caches.Instances, caches.Instancetypes, caches.ClusterInstancetypes, caches.Revisions);
        var vdcCaches = new VdcCaches(caches.Quotas, caches.Limits, caches.Policies, caches.Bindings);
        Types = new Instancetypes(api, caches.Instancetypes, caches.ClusterInstancetypes, caches.Revisions);
        var ledger = new QuotaLedger(
            caches.Machines,
            caches.Instances,
            Types,
            key => journal(key) is { State: JournalState.Received or JournalState.Started },
            time);
        var net = new HeadroomTracker(ledger, time);
        var locks = new VdcLocks(time);
        var states = new VdcConditions();
        _declared = new VdcDeclarationCache(caches.Namespaces, managed);
        MigrationRoom = new MigrationRoom(_declared, ledger);
        var network = new ClusterNetworkView(settings);
        network.Set(ClusterNetwork.Usual(settings.Vdc));
        var namespaces = new VdcNamespaceWriter(api, managed, _declared, locks, network, settings, time);
        var objects = new VdcObjects(api, locks);
        var realizer = new VdcApplier(objects, vdcCaches, net, network, settings);
        var contents = new VdcContents(api, caches.Namespaces, caches.HubNamespaces);
        var guests = new VdcGuests(api, caches.Machines, caches.Instances);
        var deletion = new VdcDeletion(api, guests);
        var takeover = new Takeover(api, objects);
        var redeclaration = new DeclarationUpdater(namespaces, managed, realizer, objects, vdcCaches, locks, _declared, time);
        var history = new RepairHistory(jitter, time);
        var news = new RepairNews(history, metrics, events, NullLogger<RepairNews>.Instance);
        var weakenings = new WeakeningCheck(realizer, vdcCaches, history, states, network, events, NullLogger<WeakeningCheck>.Instance);
        _repair = new VdcRepair(namespaces, realizer, objects, vdcCaches, net, takeover, history, news, failures);
        Loop = new VdcReconciler(
            _declared, vdcCaches, vmCaches, leadership, _repair, history, weakenings, deletion, states, net, network, locks, metrics, failures, jitter, time);
        Admission = new QuotaAdmission(_declared, ledger, Types, locks, realizer, objects, vdcCaches, metrics, vmCaches, time);
        Handlers =
        [
            new CreateVdcHandler(namespaces, realizer, takeover, locks, time),
            new UpdateVdcHandler(namespaces, redeclaration),
            new DeleteVdcHandler(
                namespaces, _declared, deletion, guests, contents, new DeletionBlockers(api), settings, time),
            new CreateResourceQuotaHandler(redeclaration),
            new CreateLimitRangeHandler(redeclaration),
        ];
    }

    public ILoop Loop { get; }

    public Instancetypes Types { get; }

    public IMigrationRoom MigrationRoom { get; }

    public IVirtualMachineAdmission Admission { get; }

    public IReadOnlyList<IOperationHandler> Handlers { get; }

    /// <summary>Whether the agent sees every namespace as it is declared.</summary>
    public bool AreAsDeclared() => _declared.All().All(ns => ns.Declaration is null || (!ns.IsBeingDeleted && _repair.IsInSync(ns)));
}
