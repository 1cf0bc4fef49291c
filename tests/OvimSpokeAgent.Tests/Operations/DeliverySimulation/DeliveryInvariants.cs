using OvimSpokeAgent.Operations;
using OvimSpokeAgent.Tests.Simulation;

namespace OvimSpokeAgent.Tests.Operations.DeliverySimulation;

/// <summary>What the delivery promises, whatever the hub refuses.</summary>
internal static class DeliveryInvariants
{
    /// <summary>How soon after an answer of the hub all that it takes is delivered.</summary>
    public static readonly TimeSpan Soon = TimeSpan.FromSeconds(5);

    // A result that was refused for long waits on its own, and takes turns with the others of its kind: one a second.
    private static readonly TimeSpan LongestOwnWait = TimeSpan.FromSeconds(50);
    private static readonly TimeSpan Turn = TimeSpan.FromSeconds(1);

    /// <exception cref="SimulationException">One was not kept.</exception>
    public static void Check(DeliveryWorld world)
    {
        var problems = new List<string>();
        problems.AddRange(world.SentTwiceAtOnce.Select(id => $"two results of {id} were on the way at once"));
        if (world.MostOnTheWay > DeliveryPace.MaxOnTheWay) problems.Add($"{world.MostOnTheWay} results were on the way at once");
        if (!world.Schedule.Faults.Values.Any(fault => fault.Kind is IdFault.RetryAfter)) CheckSoon(world, problems);
        CheckInTheEnd(world, problems);
        CheckOrder(world, problems);
        CheckPace(world, problems);
        if (problems.Count > 0) throw new SimulationException($"{string.Join('\n', problems)}\n{world.Schedule}");
    }

    // Within five seconds of any answer, if nothing disturbs them.
    private static void CheckSoon(DeliveryWorld world, List<string> problems)
    {
        foreach (var (from, to) in QuietTimes(world))
        {
            // An error is no news of a hub that answered with errors before.
            var wasAnswering = world.Schedule.Troubles.Any(trouble => trouble.Kind is HubTrouble.Errors && trouble.To == from);
            foreach (var (result, body, at) in world.Finished)
            {
                var fault = world.Schedule.Faults.GetValueOrDefault(result.Id);
                if (fault is not null && fault.Kind is not (IdFault.Slow or IdFault.Refuse400 or IdFault.Refuse413)) continue;
                var since = Max(at, from);
                var heard = world.Answers.Find(answer => answer.Asked >= since && (answer.IsGood || !wasAnswering)).At;
                var latest = LastingUntil(world, result.Id, heard) + Soon + ((fault?.Delay ?? TimeSpan.Zero) * world.Finished.Count(other => other.Result.Id == result.Id));
                if (heard == default || latest > to || SettledAt(world, result, body) <= latest) continue;
                problems.Add($"{body} of {result.Id}, there at {at}, was not delivered by {latest}, the hub answered at {heard}; settled {SettledAt(world, result, body)}");
            }
        }
    }

    // What was swallowed on the way is given up at its limit, if it is not clear before that the hub was away.
    private static TimeSpan LastingUntil(DeliveryWorld world, string id, TimeSpan heard)
    {
        var swallowed = world.Hub.Attempts.GetValueOrDefault(id)?.FindLast(attempt => attempt < heard && world.Schedule.Troubles.Any(
            trouble => trouble.Kind is HubTrouble.Swallows && trouble.From <= attempt + TroubledHub.Travel && attempt < trouble.To));
        var until = swallowed + DeliveryWorld.AttemptLimit ?? heard;
        return Max(until, heard);
    }

    private static void CheckInTheEnd(DeliveryWorld world, List<string> problems)
    {
        var isNeverWell = world.Hub.OpenBurst is not null;
        var lastTrouble = world.Hub.Disturbances.Select(disturbance => disturbance.To).DefaultIfEmpty().Max();
        var longest = LongestOwnWait + (Turn * world.Schedule.Faults.Count);
        foreach (var (result, body, _) in world.Finished)
        {
            var fault = world.Schedule.Faults.GetValueOrDefault(result.Id);
            if (fault is { Kind: IdFault.Slow } && Over(world, result.Id, fault.Delay) + Soon > world.Schedule.End) continue;
            if (fault is { Kind: IdFault.Slow or IdFault.Refuse400 or IdFault.Refuse413 }) fault = null;
            if (isNeverWell || (fault is not null && Max(fault.Until, lastTrouble) + longest > world.Schedule.End)) continue;
            if (SettledAt(world, result, body) == TimeSpan.MaxValue) problems.Add($"{body} of {result.Id} was never delivered");
        }
    }

    // The hub keeps the last result of an id: that of the newest.
    private static void CheckOrder(DeliveryWorld world, List<string> problems)
    {
        foreach (var group in world.Finished.GroupBy(finished => finished.Result.Id))
        {
            var settled = world.Hub.Settled.Where(result => result.Id == group.Key).ToList();
            if (settled.Count > 0 && SettledAt(world, group.Last().Result, group.Last().Body) < TimeSpan.MaxValue && settled[^1].Body != group.Last().Body)
                problems.Add($"the last result of {group.Key} is {settled[^1].Body} and not {group.Last().Body}");
            var bodies = group.Select(finished => finished.Body).ToHashSet();
            problems.AddRange(settled.Where(result => !bodies.Contains(result.Body)).Select(result => $"{result.Body} is none of {group.Key}"));
        }
    }

    // What is refused for ever is tried for ever, at a slow pace.
    private static void CheckPace(DeliveryWorld world, List<string> problems)
    {
        foreach (var (id, fault) in world.Schedule.Faults.Where(fault => fault.Value.IsForEver && world.Finished.Exists(f => f.Result.Id == fault.Key)))
        {
            if (fault.Kind is IdFault.Slow or IdFault.Refuse400 or IdFault.Refuse413) continue;
            var attempts = world.Hub.Attempts.GetValueOrDefault(id)?.Count ?? 0;
            // A hub that comes back is tried as often as at first.
            var most = 60 + (40 * (world.Schedule.Troubles.Count + world.Schedule.Bursts.Count));
            if (attempts < 2 || attempts > most) problems.Add($"{id} ({fault.Kind}) was tried {attempts} times in {world.Schedule.End}");
        }
    }

    // When the last of an id that is taken slowly is, if none waits for anything else.
    private static TimeSpan Over(DeliveryWorld world, string id, TimeSpan delay)
    {
        var ofId = world.Finished.Where(finished => finished.Result.Id == id).ToList();
        return ofId[^1].At + ((delay + Soon) * ofId.Count);
    }

    private static TimeSpan Max(TimeSpan a, TimeSpan b) => a > b ? a : b;

    private static TimeSpan SettledAt(DeliveryWorld world, ScheduledResult result, string body) =>
        world.Hub.Settled.Find(settled => settled.Id == result.Id && settled.Body == body)?.At ?? TimeSpan.MaxValue;

    private static IEnumerable<Disturbance> QuietTimes(DeliveryWorld world)
    {
        var from = TimeSpan.Zero;
        var end = world.Hub.OpenBurst ?? world.Schedule.End;
        foreach (var (begin, over) in world.Hub.Disturbances.OrderBy(disturbance => disturbance.From))
        {
            if (begin > from) yield return new(from, begin < end ? begin : end);
            if (over > from) from = over;
        }
        if (end > from) yield return new(from, end);
    }
}
