using System.Globalization;
using System.Text.Json.Nodes;

namespace OvimSpokeAgent.Tests.Operations.Simulation;

/// <summary>An operation that the hub is given at a time; given again it is the same.</summary>
internal sealed record ScheduledOperation
{
    /// <summary>Tells it apart in the simulation; the agent ignores it.</summary>
    public required string Mark { get; init; }

    public required TimeSpan At { get; init; }

    public required string Id { get; init; }

    public required string Type { get; init; }

    /// <summary>The VM, or null.</summary>
    public string? Target { get; init; }

    /// <summary>The namespace of an operation on a VDC, or null.</summary>
    public string? Namespace { get; init; }

    public required JsonObject Payload { get; init; }

    public int? TimeoutSeconds { get; init; }

    /// <summary>When the hub is given it once more.</summary>
    public IReadOnlyList<TimeSpan> Repeats { get; init; } = [];

    public JsonObject ToJson(int retry)
    {
        var json = new JsonObject
        {
            ["id"] = Id,
            ["type"] = Type,
            ["timestamp"] = $"2026-11-23T08:00:00.{Mark.PadLeft(6, '0')}Z",
            ["payload"] = Payload.DeepClone(),
            ["retry_count"] = retry,
            ["mark"] = Mark,
        };
        if (TimeoutSeconds is { } seconds) json["timeout_seconds"] = seconds;
        return json;
    }

    public override string ToString() =>
        $"{Schedule.Show(At)} operation {Mark}: {Type} {Target ?? Namespace} (id {Id}){string.Concat(Repeats.Select(at => $", again at {Schedule.Show(at)}"))}";
}

/// <summary>Something that goes wrong at a time.</summary>
internal sealed record ScheduledFault(TimeSpan At, string What, Action<SimulatedWorld> Happen)
{
    public override string ToString() => $"{Schedule.Show(At)} {What}";
}

/// <summary>What happens in one run, made from a seed.</summary>
internal sealed class Schedule
{
    private static readonly string[] Machines = ["web", "db"];
    private static readonly string[] OnMachines = ["create_vm", "create_vm", "start_vm", "stop_vm", "restart_vm", "delete_vm", DeleteKeeping];
    private const string DeleteKeeping = "delete_vm, keep_disks";
    private static readonly string[] OnManual = ["start_vm", "stop_vm", "restart_vm"];

    private readonly Random _random;

    private Schedule(int seed)
    {
        (Seed, _random) = (seed, new Random(seed));
        Operations = [.. Enumerable.Range(1, _random.Next(4, 16)).Select(Operation)];
        Faults = [.. Enumerable.Range(0, _random.Next(1, 6)).Select(_ => Fault()).OrderBy(fault => fault.At)];
        IsPushed = Chance(1.0 / 3);
        if (Chance(1.0 / 16)) GoOnFor(TimeSpan.FromMinutes(25));
    }

    public int Seed { get; }

    public IReadOnlyList<ScheduledOperation> Operations { get; private set; }

    public IReadOnlyList<ScheduledFault> Faults { get; private set; }

    /// <summary>Whether the hub pushes its operations.</summary>
    public bool IsPushed { get; }

    /// <summary>When nothing of it happens any more.</summary>
    public TimeSpan End { get; private set; } = TimeSpan.FromMinutes(4);

    /// <summary>The agents' <c>OVIM_OPERATION_RETENTION</c>.</summary>
    public TimeSpan Retention { get; private set; } = TimeSpan.FromMinutes(10);

    public static Schedule FromSeed(int seed) => new(seed);

    public static string Show(TimeSpan time) => time.TotalSeconds.ToString("0.000", CultureInfo.InvariantCulture) + " s";

    public override string ToString() =>
        $"seed {Seed}{(IsPushed ? ", pushed" : "")}\n" + string.Concat(Operations.Cast<object>().Concat(Faults).Select(line => $"  {line}\n"));

    private ScheduledOperation Operation(int number)
    {
        var mark = number.ToString(CultureInfo.InvariantCulture);
        var at = TimeSpan.FromSeconds(_random.Next(3) == 0 ? 5 : 1 + (_random.NextDouble() * 90)); // many at once, too
        var operation = new ScheduledOperation
        {
            Mark = mark,
            At = at,
            Id = Chance(0.3) ? "op-20261123-080000-000" : $"op-20261123-08000{mark}-000",
            Type = "",
            Payload = [],
            Repeats = [.. Enumerable.Range(0, Chance(0.3) ? _random.Next(1, 3) : 0).Select(_ => at + Upto(120))],
        };
        return _random.Next(16) switch
        {
            0 => operation with { Type = "look", Payload = new JsonObject { ["question"] = mark } },
            1 => operation with { Type = "make_tea", Payload = new JsonObject { ["sugar"] = number } },
            2 => operation with { Type = "hang", Payload = Named($"hang-{mark}"), TimeoutSeconds = 20 },
            3 or 4 => Power(operation, Pick(OnManual), "manual"),
            > 9 => ScheduledVdcs.Operation(operation, _random),
            _ => Power(operation, Pick(OnMachines), Pick(Machines)),
        };
    }

    // Long after the rest of it was delivered, but within the retention: the store fails while others arrive, and repeats come.
    private void GoOnFor(TimeSpan end)
    {
        (End, Retention) = (end, TimeSpan.FromHours(1));
        Operations =
        [
            .. Operations.Select(operation => operation with { Repeats = [.. operation.Repeats, .. Late(_random.Next(3))] }),
            .. Enumerable.Range(Operations.Count + 1, 3).Select(number => Operation(number) with { At = Late(1)[0], Repeats = [] }),
        ];
        Faults = [.. Faults, .. Late(_random.Next(1, 4)).Order().Select(StoreFails)];

        TimeSpan[] Late(int count) => [.. Enumerable.Range(0, count).Select(_ => TimeSpan.FromMinutes(11) + Upto(720))];
    }

    private ScheduledFault StoreFails(TimeSpan at)
    {
        var duration = TimeSpan.FromMinutes(1) + Upto(120);
        return new(at, $"nothing new is stored until {Show(at + duration)}", world => world.ForEach(
            duration, (network, isOn) => network.Fails = request => isOn && request == "create secrets"));
    }

    private static ScheduledOperation Power(ScheduledOperation operation, string type, string target)
    {
        var payload = Named(target);
        if (type == "create_vm")
        {
            // Every other one by a template, of which each agent has another: what was begun by one is finished as it was.
            if (operation.Mark[^1] % 2 == 0) payload["template_name"] = SimulatedAgent.TemplateName;
            else payload["image_url"] = "quay.io/containerdisks/fedora:40";
            payload["cpu"] = 1;
            payload["memory"] = "1Gi";
            if (target == Machines[1])
            {
                payload["storage"] = "2Gi"; // imported
                payload["disks"] = new JsonArray(new JsonObject { ["name"] = "data", ["size"] = 1, ["blank"] = true });
            }
        }
        if (type == DeleteKeeping) payload["keep_disks"] = true;
        return operation with { Type = type.Split(',')[0], Target = target, Payload = payload };
    }

    private ScheduledFault Fault()
    {
        var at = Upto(100);
        var duration = Upto(60);
        var share = 0.1 + (_random.NextDouble() * 0.4);
        var request = _random.Next(1, 60);
        var after = Chance(0.5);
        var same = Chance(0.7);
        var until = $"until {Show(at + duration)}";
        return _random.Next(14) switch
        {
            0 => new(at, $"the hub is down {until}", world => world.For(duration, isOn => world.Hub.IsDown = isOn)),
            1 => new(at, $"answers to results are lost ({share:P0}) {until}", world => world.For(duration, isOn => world.Hub.LostAnswers = isOn ? share : 0)),
            2 => new(at, $"answers with operations break off ({share:P0}) {until}", world => world.For(duration, isOn => world.Hub.CutPolls = isOn ? share : 0)),
            3 => new(at, $"requests to the API are lost ({share:P0}) {until}", world => world.ForEach(duration, (network, isOn) => network.Losses = isOn ? share : 0)),
            4 => new(at, $"answers of the API are lost ({share:P0}) {until}", world => world.ForEach(duration, (network, isOn) => network.LostAnswers = isOn ? share : 0)),
            5 => new(at, $"the API is down {until}", world => world.ForEach(duration, (network, isOn) => network.IsDown = isOn)),
            6 => new(at, "watches are cut", world => world.Cluster.EndWatches()),
            7 => new(at, "watches are cut and history is forgotten", world => world.CutAndCompact()),
            8 => new(at, $"the agent is stopped, another starts after {Show(duration / 10)}", world => world.Stop(duration / 10)),
            9 => new(at, $"the agent is paused {until}, another beside it", world => world.Pause(duration)),
            10 => new(at, "a second agent starts, the first is stopped", world => world.RollOver()),
            11 or 12 => ScheduledVdcs.Drift(at, _random),
            _ => new(
                at,
                $"the agent is killed {(after ? "after" : "before")} its request {request} takes effect, "
                    + $"it starts again after {Show(duration / 10)} {(same ? "in its pod" : "in another pod")}",
                world => world.KillAt(request, after, duration / 10, same)),
        };
    }

    private static JsonObject Named(string name) => new() { ["name"] = name, ["namespace"] = "acme" };

    private bool Chance(double probability) => _random.NextDouble() < probability;

    private TimeSpan Upto(double seconds) => TimeSpan.FromSeconds(_random.NextDouble() * seconds);

    private string Pick(string[] items) => items[_random.Next(items.Length)];
}
