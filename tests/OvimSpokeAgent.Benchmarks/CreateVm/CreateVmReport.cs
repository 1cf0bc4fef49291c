namespace OvimSpokeAgent.Benchmarks.CreateVm;

/// <summary>The figures as text.</summary>
internal static class CreateVmReport
{
    public static string Heading(CreateVmSettings settings) => $"""

        {settings.Operations} operations at once                agent                     the same writes, raw
        round     operations/s  writes/s  at once    operations/s  writes/s  at once    ratio
        """;

    public static string Line(int number, CreateVmRound round) => Line($"{number,5}", [round]);

    public static string Summary(
        IReadOnlyList<CreateVmRound> rounds, IReadOnlyList<TimeSpan> single, IReadOnlyList<TimeSpan> first, Workplace place)
    {
        return $"""
            {Line("  all", rounds)}

            aim: a ratio of at least 0.50

            writes
            {string.Join('\n', Kinds(rounds, place))}

            from the poll's answer to the stored operation: only in memory, lost if the process dies
              one at a time          {Line(new Distribution(single))}
              all at once            {Line(new Distribution(rounds.SelectMany(round => round.Windows)))}
              a process's first {FirstAnswers.Operations}    {Line(new Distribution(first))}
            """;
    }

    // Sums: now and then a garbage collection of the API server takes a second out of one round or another.
    private static string Line(string name, IReadOnlyList<CreateVmRound> rounds)
    {
        var (operations, writes, atOnce) = (
            rounds.Sum(round => round.Operations), rounds.Sum(round => round.RawWrites), rounds.Max(round => round.Recording.MaxAtOnce));
        var (agent, raw) = (rounds.Sum(round => round.Taken.TotalSeconds), rounds.Sum(round => round.RawTaken.TotalSeconds));
        return $"{name}  {operations / agent,15:0}  {writes / agent,8:0}  {atOnce,7}"
            + $"  {operations / raw,14:0}  {writes / raw,8:0}  {atOnce,7}  {raw / agent,7:0.00}";
    }

    private static IEnumerable<string> Kinds(IReadOnlyList<CreateVmRound> rounds, Workplace place) =>
        from round in rounds
        from write in round.Recording.Writes
        group write by (IsCounted: place.IsForOperations(write), write.Method.Method, write.Resource) into kind
        orderby kind.Key.IsCounted descending, kind.Key.Resource, kind.Key.Method
        select kind.Key.IsCounted
            ? $"  {kind.Key.Method,-6} {kind.Key.Resource,-18} {kind.Count() / (double)rounds.Sum(round => round.Operations),8:0.00} an operation"
            : $"  {kind.Key.Method,-6} {kind.Key.Resource,-18} {kind.Count(),8} in all, by the clock: not counted above";

    private static string Line(Distribution times) =>
        $"median {times.Median.TotalMilliseconds,7:0.0} ms, 99 % within {times.P99.TotalMilliseconds,7:0.0} ms, "
        + $"all {times.Count} within {times.Longest.TotalMilliseconds,7:0.0} ms";
}
