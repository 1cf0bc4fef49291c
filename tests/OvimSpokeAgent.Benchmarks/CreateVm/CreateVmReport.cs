namespace OvimSpokeAgent.Benchmarks.CreateVm;

/// <summary>The figures as text.</summary>
internal static class CreateVmReport
{
    public static string Heading(CreateVmSettings settings) => $"""

        {settings.Operations} operations at once                agent                     the same writes, raw
        round     operations/s  writes/s  at once    operations/s  writes/s  at once    ratio
        """;

    public static string Line(int number, CreateVmRound round)
    {
        var (agent, raw) = (round.Taken.TotalSeconds, round.RawTaken.TotalSeconds);
        return $"{number,5}  {round.Operations / agent,15:0}  {round.RawWrites / agent,8:0}  {round.Recording.MostAtOnce,7}"
            + $"  {round.Operations / raw,14:0}  {round.RawWrites / raw,8:0}  {round.Recording.MostAtOnce,7}  {round.Ratio,7:0.00}";
    }

    public static string Summary(IReadOnlyList<CreateVmRound> rounds, IReadOnlyList<TimeSpan> single, Workplace place)
    {
        var ratio = rounds.Select(round => round.Ratio).Order().ElementAt(rounds.Count / 2);
        return $"""

            ratio, the median: {ratio:0.00} (aim: at least 0.50)

            writes
            {string.Join('\n', Kinds(rounds, place))}

            from the poll's answer to the stored operation: only in memory, lost if the process dies
              one at a time  {Line(new Distribution(single))}
              all at once    {Line(new Distribution(rounds.SelectMany(round => round.Windows)))}
            """;
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
