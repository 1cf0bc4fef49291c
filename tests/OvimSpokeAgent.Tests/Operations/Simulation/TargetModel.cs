using System.Text.Json.Nodes;

namespace OvimSpokeAgent.Tests.Operations.Simulation;

/// <summary>
/// What the operations on one VM do when each is done once, in their order, and nothing goes wrong: the effects there may
/// be, and how each ends.
/// </summary>
internal static class TargetModel
{
    public static void Check(
        string target, IReadOnlyList<(ScheduledOperation Operation, RecordHistory Record)> operations, SimulatedWorld world)
    {
        var effects = world.History.Effects.Where(effect => effect.Target == target).ToList();
        foreach (var twice in effects.Where(effect => effect.Key is not null).CountBy(effect => effect).Where(count => count.Value > 1))
            world.Failures.Add($"{target}: {twice.Key.What} by {twice.Key.Key} was done {twice.Value} times");

        if (operations.Any(o => o.Record.IsLate)) return; // their turn is not known
        var next = 0;
        var strategy = target == "manual" ? "Manual" : null;
        foreach (var (operation, record) in operations.OrderBy(o => o.Record.Sequence))
        {
            var (what, isCertain, succeeds, after) = Expected(operation.Type, strategy);
            if (what is not null && next < effects.Count && effects[next].What == what
                && (effects[next].Key ?? record.Key) == record.Key)
            {
                next++;
            }
            else if (isCertain)
            {
                world.Failures.Add($"{target}: operation {operation.Mark} ({operation.Type}) had no effect in its turn; effects: {Show(effects)}");
                return;
            }
            strategy = after;
            CheckStatus(target, operation, record, succeeds, world);
        }
        if (next < effects.Count) world.Failures.Add($"{target}: effects out of order or not of an operation: {Show(effects.Skip(next))} of {Show(effects)}");
    }

    /// <summary>The effect, whether there must be one, whether the operation succeeds (null: both may be), the strategy then (null: no VM).</summary>
    private static (string? What, bool IsCertain, bool? Succeeds, string? After) Expected(string type, string? strategy) =>
        (type, strategy) switch
        {
            ("create_vm", null) => ("create", true, true, "Always"),
            ("create_vm", _) => (null, false, false, strategy),
            ("delete_vm", null) => (null, false, true, null),
            ("delete_vm", _) => ("delete", true, true, null),
            (_, null) => (null, false, false, null),
            ("start_vm", "Halted") => ("Always", true, true, "Always"),
            ("start_vm", "Always") => (null, false, true, "Always"),
            ("stop_vm", "Always") => ("Halted", true, true, "Halted"),
            ("stop_vm", "Halted") => (null, false, true, "Halted"),
            ("restart_vm", "Always") => ("boot", false, true, "Always"),
            ("restart_vm", "Halted") => (null, false, false, "Halted"),
            ("start_vm", "Manual") => ("Start", false, null, "Manual"),
            ("stop_vm", "Manual") => ("Stop", false, null, "Manual"),
            ("restart_vm", "Manual") => ("boot", false, null, "Manual"),
            _ => throw new InvalidOperationException($"{type} on {strategy}"),
        };

    private static void CheckStatus(
        string target, ScheduledOperation operation, RecordHistory record, bool? succeeds, SimulatedWorld world)
    {
        if (succeeds is null || record.Results.Count != 1) return;
        var body = record.Results.Single();
        if (((string?)JsonNode.Parse(body)!["status"] == "completed") != succeeds)
            world.Failures.Add($"{target}: operation {operation.Mark} ({operation.Type}) should have {(succeeds.Value ? "completed" : "failed")}: {body}");
    }

    private static string Show(IEnumerable<Effect> effects) => string.Join(", ", effects.Select(effect => $"{effect.What} {effect.Key}"));
}
