using System.Text.Json;
using System.Text.Json.Nodes;
using OvimSpokeAgent.Operations;
using OvimSpokeAgent.VirtualMachines;

namespace OvimSpokeAgent.Tests.Operations.Simulation;

/// <summary>What the agent promises, whatever goes wrong.</summary>
internal static class Invariants
{
    private static readonly OperationRegistry NoTypes = new([]);

    public static void Check(Schedule schedule, SimulatedWorld world)
    {
        var records = RecordsOf(schedule, world);
        var withheld = Withheld(records, record => !world.Hub.Results.Any(result => record.Results.Contains(result.Body)));
        CheckArrivals(world);
        foreach (var (operation, record) in records)
        {
            if (record is not null) CheckResult(operation, record, withheld, world);
        }
        NamespaceModel.Check(
            schedule,
            records.Where(r => r.Operation.Namespace is not null && r.Record is not null).Select(r => (r.Operation, r.Record!)),
            world);
        CheckUnknownRecords(schedule, world);
        CheckLastResults([.. records.Where(r => r.Record is null || !withheld.Contains(r.Record.Key))], world);
        foreach (var target in schedule.Operations.Select(operation => operation.Target).OfType<string>().Distinct())
        {
            TargetModel.Check(
                target,
                [.. records.Where(r => r.Operation.Target == target && r.Record is not null).Select(r => (r.Operation, r.Record!))],
                world);
        }
    }

    public static void CheckNothingIsLeft(Schedule schedule, SimulatedWorld world)
    {
        // Kept for as long as what the hub refuses, also where the hub was told before there was another deletion of this id.
        var withheld = Withheld(RecordsOf(schedule, world), _ => true);
        var left = world.History.Records.Values.Where(record => !record.IsRemoved && !withheld.Contains(record.Key)).Select(record => $"{record.Key} {record.State}").ToList();
        left.AddRange(world.History.Batches);
        if (left.Count > 0) world.Failures.Add($"left in the journal: {string.Join(", ", left)}");
    }

    /// <summary>The name of an operation's record.</summary>
    public static string KeyOf(ScheduledOperation operation) => KeyOf(JsonElement.Parse(operation.ToJson(0).ToJsonString()));

    public static string KeyOf(JsonElement operation) =>
        OperationEnvelope.Parse(operation, NoTypes, default).Operation!.Key.Value;

    private static List<(ScheduledOperation Operation, RecordHistory? Record)> RecordsOf(Schedule schedule, SimulatedWorld world) =>
        [.. schedule.Operations.Select(operation => (operation, world.History.Records.GetValueOrDefault(KeyOf(operation))))];

    // Deletions of VDCs that the hub is not told of, rightly: it would take each for the one of this id that was queued last, and
    // that failed.
    private static HashSet<string> Withheld(
        List<(ScheduledOperation Operation, RecordHistory? Record)> records, Func<RecordHistory, bool> counts)
    {
        var withheld = new HashSet<string>();
        foreach (var group in records.Where(r => r.Operation.Type == "delete_vdc" && r.Record is not null).GroupBy(r => r.Operation.Id))
        {
            var last = group.MaxBy(r => r.Operation.Mark.PadLeft(6), StringComparer.Ordinal).Record!;
            if (last.Results.Any(SaysDeleted)) continue;
            withheld.UnionWith(group.Select(r => r.Record!)
                .Where(record => record.Results.Any(SaysDeleted) && counts(record)).Select(record => record.Key));
        }
        return withheld;

        static bool SaysDeleted(string body) => body.Contains("\"status\":\"deleted", StringComparison.Ordinal);
    }

    // What arrived whole is journaled, unless the agent died with it in its hands.
    private static void CheckArrivals(SimulatedWorld world)
    {
        foreach (var arrival in world.History.Arrivals.Where(arrival => arrival.IsStored || arrival.IsOpen))
        {
            foreach (var key in arrival.Keys.Where(key => !world.History.Records.ContainsKey(key)))
                world.Failures.Add($"{key} arrived and was not journaled");
        }
    }

    private static void CheckUnknownRecords(Schedule schedule, SimulatedWorld world)
    {
        var known = schedule.Operations.Select(KeyOf).ToHashSet();
        foreach (var record in world.History.Records.Values.Where(record => !known.Contains(record.Key)))
            world.Failures.Add($"{record.Key} ({record.Id}) is the record of no operation");
    }

    private static void CheckResult(
        ScheduledOperation operation, RecordHistory record, HashSet<string> withheld, SimulatedWorld world)
    {
        if (operation.Type == "look")
        {
            if (!world.Hub.Results.Any(result => result.Id == operation.Id && Question(result.Body) == operation.Mark))
                world.Failures.Add($"operation {operation.Mark} was journaled and never answered");
            return;
        }
        if (record.Results.Count != 1)
        {
            world.Failures.Add($"operation {operation.Mark} has {record.Results.Count} results: {string.Join(" | ", record.Results)}");
            return;
        }
        var body = record.Results.Single();
        if (!withheld.Contains(record.Key) && !world.Hub.Results.Any(result => result.Id == operation.Id && result.Body == body))
            world.Failures.Add($"operation {operation.Mark} was done and its result never delivered");
        CheckKeptDisks(operation, body, world);
        var expected = operation.Type switch
        {
            "make_tea" => "not a known operation type",
            "hang" => "timed out after 20 s",
            _ => null,
        };
        if (expected is not null && !body.Contains(expected, StringComparison.Ordinal))
            world.Failures.Add($"operation {operation.Mark} should have failed ({expected}): {body}");
    }

    // The disks that a result says were kept are there, and nobody's.
    private static void CheckKeptDisks(ScheduledOperation operation, string body, SimulatedWorld world)
    {
        var result = JsonNode.Parse(body)!["result"];
        foreach (var kept in result?["kept_disks"]?.AsArray() ?? [])
        {
            if (world.Cluster.Find(KubeVirtKinds.DataVolume, new("acme", (string)kept!))?["metadata"] is not { } disk || disk["ownerReferences"] is JsonArray { Count: > 0 })
                world.Failures.Add($"operation {operation.Mark} says that it kept {kept}: {body}");
        }
        // A container disk is none that could be kept.
        if (result?["lost_disks"]?.AsArray().Any(lost => !((string)lost!).Contains("does not outlive it", StringComparison.Ordinal)) is true)
            world.Failures.Add($"operation {operation.Mark} lost disks: {body}");
    }

    // The hub keeps the last result of an id: that of the newest operation.
    private static void CheckLastResults(List<(ScheduledOperation Operation, RecordHistory? Record)> records, SimulatedWorld world)
    {
        foreach (var group in records.Where(r => r.Record is not null).GroupBy(r => r.Operation.Id))
        {
            var newest = group.MaxBy(r => r.Record!.Sequence);
            var last = world.Hub.Results.LastOrDefault(result => result.Id == group.Key)?.Body;
            var isRight = newest.Operation.Type == "look"
                ? last is not null && Question(last) == newest.Operation.Mark
                : newest.Record!.Results.Contains(last ?? "");
            if (!isRight) world.Failures.Add($"the last result of id {group.Key} is not that of operation {newest.Operation.Mark}: {last}");
        }
        foreach (var result in world.Hub.Results.Where(result => !records.Any(r =>
            r.Operation.Id == result.Id && r.Record is not null
            && (r.Operation.Type == "look" ? Question(result.Body) == r.Operation.Mark : r.Record.Results.Contains(result.Body)))))
        {
            world.Failures.Add($"the hub got a result that was never stored: {result.Body}");
        }
    }

    private static string? Question(string body) => (string?)JsonNode.Parse(body)!["result"]?["question"];
}
