using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Tests.Cluster;
using OvimSpokeAgent.Tests.Simulation;
using OvimSpokeAgent.VirtualMachines;

namespace OvimSpokeAgent.Tests.Operations.Simulation;

/// <summary>Operations that arrived whole at an agent with one answer of the hub.</summary>
internal sealed class Arrival(SimulatedAgent agent)
{
    public SimulatedAgent Agent { get; } = agent;

    /// <summary>The operations' keys, in the hub's order.</summary>
    public List<string> Keys { get; } = [];

    /// <summary>The agent says that all of it is stored.</summary>
    public bool IsStored { get; set; }

    /// <summary>It was pushed and not accepted: it stays the hub's.</summary>
    public bool IsGivenBack { get; set; }

    /// <summary>Whether the agent still has it in its hands.</summary>
    public bool IsOpen => !IsStored && !IsGivenBack && Agent.IsAlive;
}

/// <summary>What the cluster saw of an operation's record.</summary>
internal sealed class RecordHistory
{
    public required string Key { get; init; }

    public required string Id { get; init; }

    public required long Sequence { get; init; }

    /// <summary>Every different result that was ever stored.</summary>
    public HashSet<string> Results { get; } = [];

    /// <summary>
    /// It was stored by an agent that did not lead any more, or that had given it back, or gave it back without knowing that it was
    /// stored: its turn comes when the one that leads finds it, or the hub sends it again.
    /// </summary>
    public required bool IsLate { get; set; }

    public string State { get; set; } = "";

    public bool IsRemoved { get; set; }

    /// <summary>Whether it is a Secret of its own.</summary>
    public bool IsAlone { get; set; }
}

/// <summary>Something an operation did to the cluster.</summary>
/// <param name="Target">The VM, or the namespace.</param>
/// <param name="What">
/// <c>create</c>, <c>Always</c> or <c>Halted</c> (the run strategy), <c>declare</c> (something else for a namespace),
/// <c>delete</c>, <c>boot</c> (the VMI deleted, or asked for).
/// </param>
/// <param name="Key">The operation's key, where the object carries it.</param>
internal sealed record Effect(string Target, string What, string? Key);

/// <summary>What happened in the world, told by the world, not by the agent.</summary>
internal sealed class History(Simulator simulator)
{
    private const int KeyLength = 48;

    public List<Arrival> Arrivals { get; } = [];

    public Dictionary<string, RecordHistory> Records { get; } = [];

    /// <summary>Names of operations that are stored together.</summary>
    public HashSet<string> Batches { get; } = [];

    public List<Effect> Effects { get; } = [];

    /// <summary>All of it for people, in order.</summary>
    public List<string> Trace { get; } = [];

    public Arrival Arrives(SimulatedAgent agent)
    {
        var arrival = new Arrival(agent);
        Arrivals.Add(arrival);
        return arrival;
    }

    public void Arrives(Arrival arrival, JsonElement operation)
    {
        arrival.Keys.Add(Invariants.KeyOf(operation));
        Note($"{arrival.Agent.Process.Name} got {operation.GetProperty("mark")} {arrival.Keys[^1]}");
    }

    public void OnChange(FakeChange change)
    {
        if (change.Kind == KubernetesKinds.Secret) OnRecord(change);
        else if (change.Kind == KubeVirtKinds.VirtualMachine) OnMachine(change);
        else if (change.Kind == KubeVirtKinds.VirtualMachineInstance && IsMarkedNow(change)) Add(change, "boot", null);
        else if (change.Kind == KubernetesKinds.Namespace) OnNamespace(change);
        else if (change.Name.Namespace.Length > 0) Note($"{change.Kind} {change.Name} {Does(change)}");
    }

    private void OnRecord(FakeChange change)
    {
        if (change.Name.Name.StartsWith("ovim-batch-", StringComparison.Ordinal)) OnBatch(change);
        if (!change.Name.Name.StartsWith("ovim-op-", StringComparison.Ordinal)) return;
        var name = Original(change.Name.Name);
        if (change.After is not { } secret)
        {
            (Records[name].IsRemoved, Records[name].IsAlone) = (true, false);
            Note($"{name} removed");
            return;
        }
        var data = secret["data"]!.AsObject();
        if (!Records.TryGetValue(name, out var record))
        {
            var entry = JsonNode.Parse(Text(data["record"]!))!;
            Records[name] = record = new RecordHistory
            {
                Key = name,
                Id = (string)entry["id"]!,
                Sequence = (long)entry["sequence"]!,
                IsLate = IsLate(name),
            };
        }
        (record.IsRemoved, record.IsAlone) = (false, true);
        record.State = (string)secret["metadata"]!["labels"]![WellKnownNames.OperationStateLabel]!;
        if (data["result"] is { } result) record.Results.Add(Text(result));
        Note($"{name} ({record.Id}) {record.State}, {record.Results.Count} results");
    }

    // Operations that came together have records from then on.
    private void OnBatch(FakeChange change)
    {
        var name = change.Name.Name;
        if (change.Before is { } before) OnSteps(before, change.After);
        if (change.After is not { } secret)
        {
            Batches.Remove(name);
            Note($"{name} removed");
            return;
        }
        if (change.Before is not null) return;
        Batches.Add(name);
        var sequence = (long)JsonNode.Parse((string)secret["metadata"]!["annotations"]![WellKnownNames.OperationRecordAnnotation]!)!["sequence"]!;
        foreach (var (i, operation) in JsonElement.Parse(Text(secret["data"]!["operations"]!)).EnumerateArray().Index())
        {
            var key = Invariants.KeyOf(operation);
            Note($"{key} received in {name}");
            if (Records.TryGetValue(key, out var known))
            {
                // A repeat, which the agent that leads will tell, or which it takes for new: the answer to its storing was lost.
                known.IsLate |= known is { State: "received", IsAlone: true };
                continue;
            }
            Records[key] = new RecordHistory
            {
                Key = key,
                Id = operation.GetProperty("id").GetString()!,
                Sequence = sequence + i,
                IsLate = IsLate(key),
                State = "received",
            };
        }
    }

    // Where there is no room for records, what came together keeps the steps.
    private void OnSteps(JsonObject before, JsonObject? after)
    {
        var keys = JsonElement.Parse(Text(before["data"]!["operations"]!)).EnumerateArray().Select(Invariants.KeyOf).ToList();
        var (old, now) = (Steps(before), after is null ? [] : Steps(after));
        foreach (var (index, text) in now.Where(step => !old.Contains(step)))
        {
            var (record, step) = (Records[keys[index]], JsonNode.Parse(Text(text))!);
            record.IsRemoved = false;
            record.State = ((string)step["record"]!["state"]!).ToLowerInvariant();
            if (step["result"] is { } result) record.Results.Add(Text(result));
            Note($"{record.Key} ({record.Id}) {record.State} in its batch, {record.Results.Count} results");
        }
        foreach (var record in old.Keys.Except(now.Keys).Select(index => Records[keys[index]]).Where(record => !record.IsAlone))
        {
            record.IsRemoved = true;
            Note($"{record.Key} removed from its batch");
        }
    }

    private static Dictionary<int, string> Steps(JsonObject secret) => secret["data"]!.AsObject()
        .Where(field => field.Key.StartsWith("step-", StringComparison.Ordinal))
        .ToDictionary(field => int.Parse(field.Key.AsSpan(5), CultureInfo.InvariantCulture), field => (string)field.Value!);

    private bool IsLate(string key) => !Arrivals.Any(arrival => arrival.Agent.Leads && !arrival.IsGivenBack && arrival.Keys.Contains(key));

    private void OnNamespace(FakeChange change)
    {
        Note($"{change.Kind} {change.Name} {Does(change)}");
        var (before, now) = (OperationOn(change.Before), OperationOn(change.After));
        if (now is not null && now != before) Add(change, change.Before is null ? "create" : "declare", now);
        if (IsMarkedNow(change)) Add(change, "delete", null);
    }

    private void OnMachine(FakeChange change)
    {
        if (change.After is not { } vm)
        {
            if (change.Before?["metadata"]!["deletionTimestamp"] is null) Add(change, "delete", null); // nothing held it
            return;
        }
        if (change.Before is not { } before)
        {
            Add(change, "create", (string?)vm["metadata"]!["annotations"]?[WellKnownNames.CreatedByAnnotation]);
            return;
        }
        if (Strategy(before) != Strategy(vm))
            Add(change, Strategy(vm)!, OperationOn(vm));
        if (IsMarkedNow(change)) Add(change, "delete", null);
        if (Requests(vm) is { Count: > 0 } requests && requests.Count > (Requests(before)?.Count ?? 0))
            Add(change, requests.Count == 2 ? "boot" : (string)requests[0]!["action"]!, null);
    }

    public void Note(string line) => Trace.Add($"{Schedule.Show(simulator.Time.Elapsed)} {line}");

    private void Add(FakeChange change, string what, string? key)
    {
        Effects.Add(new Effect(change.Name.Name, what, key is null ? null : Original(key)));
        Note($"{change.Name.Name}: {what} {key}");
    }

    // A mutant adds to keys.
    private static string Original(string key) => key.Length > KeyLength ? key[..KeyLength] : key;

    private static bool IsMarkedNow(FakeChange change) =>
        change.After?["metadata"]!["deletionTimestamp"] is not null && change.Before?["metadata"]!["deletionTimestamp"] is null;

    private static string Does(FakeChange change) =>
        change.Before is null ? "made" : change.After is null ? "gone" : IsMarkedNow(change) ? "being deleted" : "changed";

    private static string? OperationOn(JsonObject? item) => (string?)item?["metadata"]!["annotations"]?[WellKnownNames.OperationAnnotation];

    private static string? Strategy(JsonObject vm) => (string?)vm["spec"]!["runStrategy"];

    private static JsonArray? Requests(JsonObject vm) => vm["status"]?["stateChangeRequests"] as JsonArray;

    private static string Text(JsonNode base64) => Text((string)base64!);

    private static string Text(string base64) => Encoding.UTF8.GetString(Convert.FromBase64String(base64));
}
