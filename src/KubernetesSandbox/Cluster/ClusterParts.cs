namespace KubernetesSandbox.Cluster;

/// <summary>The parts of a cluster, put together.</summary>
internal sealed record ClusterParts
{
    public required ObjectStore Store { get; init; }

    public required KindRegistry Kinds { get; init; }

    public required ObjectWriter Writer { get; init; }

    public required ObjectDeleter Deleter { get; init; }

    public required RunningWatches Running { get; init; }

    public required ClusterSeams Seams { get; init; }

    public required ApiServer Server { get; init; }

    public required ClusterControllers Controllers { get; init; }

    public required AggregationController Aggregation { get; init; }

    public required ServerConnections Connections { get; init; }

    public static ClusterParts Make(SandboxClusterOptions options, CancellationToken stopping)
    {
        var (time, store, running) = (options.TimeProvider, new ObjectStore(options.HistoryLimit), new RunningWatches());
        var kinds = new KindRegistry(store);
        var quotas = new Quotas(store);
        var (writer, deleter) = (new ObjectWriter(store, quotas, time), new ObjectDeleter(store, time));
        var connections = new ServerConnections(store);
        var aggregated = new AggregatedApis(store, connections);
        var seams = new ClusterSeams(
            new ClusterRequests(), new ClusterFaults(running, store), new AccessRules(), time, stopping);
        var server = new ApiServer(
            kinds,
            new Discovery(kinds, aggregated),
            new ListEndpoint(store),
            new WatchEndpoint(store, running, options, stopping),
            new WriteEndpoint(
                store, writer, new AdmittedWriter(store, writer, deleter, new AdmissionWebhooks(store, connections))),
            aggregated,
            store,
            seams);
        var controllers = new ClusterControllers(store,
        [
            new NamespaceController(store, kinds, writer, deleter, time),
            new GarbageCollector(store, kinds, writer, deleter),
            new DefinitionController(store, kinds, writer, deleter),
            new QuotaController(quotas, kinds, writer),
        ]);
        var parts = new ClusterParts
        {
            Store = store,
            Kinds = kinds,
            Writer = writer,
            Deleter = deleter,
            Running = running,
            Seams = seams,
            Server = server,
            Controllers = controllers,
            Aggregation = new AggregationController(store, writer, aggregated, time),
            Connections = connections,
        };
        foreach (var ns in (string[])["default", "kube-system", "kube-public", "kube-node-lease"])
            writer.Create(BuiltInKinds.Namespace, "", new() { ["metadata"] = new System.Text.Json.Nodes.JsonObject { ["name"] = ns } }, new());
        if (options.HasKubeVirt) parts.InstallKubeVirt();
        return parts;
    }

    /// <summary>Makes the definitions of KubeVirt's and CDI's kinds that are not there.</summary>
    public void InstallKubeVirt()
    {
        foreach (var kind in KubeVirtKinds.All)
        {
            if (Kinds.Find(kind.Group, kind.Version, kind.Plural) is not null) continue;
            Writer.Create(BuiltInKinds.CustomResourceDefinition, "", KubeVirtKinds.Definition(kind), new());
        }
    }
}
