using System.Text.Json.Nodes;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Tests.Cluster;
using OvimSpokeAgent.VirtualDataCenters;

namespace OvimSpokeAgent.Tests.Operations.Simulation;

/// <summary>
/// What the operations on a VDC, or on a namespace of someone else, lead to when each is done once, in their order, and
/// nothing goes wrong: found out by doing just that, in a world without faults.
/// </summary>
internal static class NamespaceModel
{
    private static readonly ResourceKind[] Kinds =
    [
        KubernetesKinds.ResourceQuota, KubernetesKinds.LimitRange, KubernetesKinds.NetworkPolicy, KubernetesKinds.RoleBinding,
    ];

    public static void Check(
        Schedule schedule, IEnumerable<(ScheduledOperation Operation, RecordHistory Record)> operations, SimulatedWorld world)
    {
        var known = operations.GroupBy(o => o.Operation.Namespace!)
            .Where(onOne => onOne.All(o => !o.Record.IsLate)) // else their turn is not known
            .ToDictionary(onOne => onOne.Key, onOne => onOne.OrderBy(o => o.Record.Sequence).ToList());
        if (known.Count == 0) return;
        var undisturbed = SimulatedWorld.RunOneByOne(schedule, known.Values.SelectMany(onOne => onOne.Select(o => o.Operation)));
        foreach (var (ns, sequence) in known)
        {
            foreach (var (operation, record) in sequence) CheckResult(operation, record, undisturbed, world);
            CheckEffects(ns, undisturbed, world);
            CheckContent(ns, undisturbed, world);
        }
    }

    private static void CheckResult(
        ScheduledOperation operation, RecordHistory record, SimulatedWorld undisturbed, SimulatedWorld world)
    {
        if (record.Results.Count != 1) return; // told of already
        var (expected, actual) = (Outcome(undisturbed.History.Records[record.Key].Results.Single()), Outcome(record.Results.Single()));
        if (!JsonNode.DeepEquals(expected, actual))
            world.Failures.Add($"operation {operation.Mark} ({operation.Type}) should have ended as {expected.ToJsonString()}: {actual.ToJsonString()}");
    }

    private static JsonObject Outcome(string body)
    {
        var result = JsonNode.Parse(body)!.AsObject();
        foreach (var passing in (string[])["timestamp", "duration"]) result.Remove(passing);
        return result;
    }

    private static void CheckEffects(string ns, SimulatedWorld undisturbed, SimulatedWorld world)
    {
        var (expected, actual) = (Effects(undisturbed), Effects(world));
        if (expected != actual) world.Failures.Add($"{ns}: should have been {expected}: {actual}");

        string Effects(SimulatedWorld of) => string.Join(
            ", ", of.History.Effects.Where(effect => effect.Target == ns).Select(effect => $"{effect.What} {effect.Key}"));
    }

    private static void CheckContent(string ns, SimulatedWorld undisturbed, SimulatedWorld world)
    {
        var (expected, actual) = (Content(ns, undisturbed.Cluster), Content(ns, world.Cluster));
        foreach (var name in expected.Keys.Union(actual.Keys))
        {
            var (should, really) = (expected.GetValueOrDefault(name), actual.GetValueOrDefault(name));
            if (!JsonNode.DeepEquals(should, really))
                world.Failures.Add($"{ns}: {name} should be {should?.ToJsonString() ?? "gone"}: {really?.ToJsonString() ?? "gone"}");
        }
    }

    private static Dictionary<string, JsonObject> Content(string ns, FakeKubernetesApi cluster)
    {
        var objects = cluster.ObjectsIn(ns).Where(item => Kinds.Contains(item.Kind))
            .Append((Kind: KubernetesKinds.Namespace, Name: NamespacedName.ClusterScoped(ns)));
        var content = new Dictionary<string, JsonObject>();
        foreach (var (kind, name) in objects)
        {
            if (cluster.Find(kind, name) is not { } item) continue;
            foreach (var made in (string[])["uid", "resourceVersion", "creationTimestamp"]) item["metadata"]!.AsObject().Remove(made);
            if (kind == KubernetesKinds.ResourceQuota) TakeOffPadding(item);
            content[$"{kind.Kind} {name.Name}"] = item;
        }
        return content;
    }

    // How much of it there is depends on which VMs were there when, and for how long.
    private static void TakeOffPadding(JsonObject quota)
    {
        var annotations = quota["metadata"]!["annotations"]!.AsObject();
        var padding = QuotaHeadroom.Parse((string?)annotations[QuotaHeadroom.Annotation])!.Value;
        annotations.Remove(QuotaHeadroom.Annotation);
        var hard = quota["spec"]!["hard"]!.AsObject();
        TakeOff(VdcManifests.RequestsCpu, padding.Cpu);
        TakeOff(VdcManifests.RequestsMemory, padding.Memory);

        void TakeOff(string resource, decimal part)
        {
            if (hard[resource] is { } value && Quantity.TryParse((string)value!, out var quantity)) hard[resource] = quantity.Value - part;
        }
    }
}
