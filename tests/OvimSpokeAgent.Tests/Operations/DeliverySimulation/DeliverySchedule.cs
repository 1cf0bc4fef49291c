using System.Globalization;

namespace OvimSpokeAgent.Tests.Operations.DeliverySimulation;

/// <summary>What the hub does with every result of one id.</summary>
internal enum IdFault
{
    Error500,
    Error503,
    Reset,
    Hang,
    Refuse400,
    Refuse413,
    Slow,
    RetryAfter,
}

/// <summary>What goes wrong with the hub as a whole.</summary>
internal enum HubTrouble
{
    /// <summary>Connections are refused.</summary>
    Refuses,

    /// <summary>Nothing is answered, and nothing arrives.</summary>
    Swallows,

    /// <summary>Every endpoint answers with an error.</summary>
    Errors,

    /// <summary>Results are answered with an error, all else works.</summary>
    ResultErrors,

    /// <summary>Connections with results are reset, all else works.</summary>
    ResultResets,
}

/// <summary>A result that is there from a time on.</summary>
internal sealed record ScheduledResult(int Number, string Id, TimeSpan At);

/// <summary>A fault of an id, for ever or until a time.</summary>
internal sealed record ScheduledIdFault(IdFault Kind, TimeSpan Until, TimeSpan Delay)
{
    public bool IsForEver => Until == ForEver;

    public static TimeSpan ForEver { get; } = TimeSpan.FromDays(1);
}

/// <summary>A time in which the hub as a whole does not do well.</summary>
internal sealed record ScheduledTrouble(HubTrouble Kind, TimeSpan From, TimeSpan To);

/// <summary>So many answers to results that fail, one after the other, whatever they are about.</summary>
internal sealed record ScheduledBurst(TimeSpan At, int Answers);

/// <summary>What happens in one run, made from a seed.</summary>
internal sealed class DeliverySchedule
{
    private static readonly TimeSpan LastTrouble = TimeSpan.FromSeconds(100);

    // While one of them is heeded, nothing is delivered.
    private const int MostThatAskToWait = 2;

    private readonly Random _random;

    private DeliverySchedule(int seed)
    {
        (Seed, _random) = (seed, new Random(seed));
        var count = Pick(5, 8, 12, 20, 40, 40, 60, 200);
        var reuse = Pick(0, 0, 0.15);
        Results = [.. Enumerable.Range(0, count).Select(number => new ScheduledResult(
            number,
            Chance(reuse) ? "op-again" : string.Create(CultureInfo.InvariantCulture, $"op-{number:000}"),
            Chance(0.6) ? TimeSpan.FromSeconds(2) : Upto(80)))];
        var (share, mayAskToWait) = (Pick(0, 0.05, 0.2, 0.5, 0.9), Chance(0.15));
        foreach (var id in Results.Select(result => result.Id).Distinct())
        {
            if (Chance(share)) Faults[id] = Fault(mayAskToWait && Faults.Values.Count(fault => fault.Kind is IdFault.RetryAfter) < MostThatAskToWait);
        }
        Troubles = [.. Enumerable.Range(0, Pick(0, 1, 1, 2, 3)).Select(_ => Trouble())];
        Bursts = [.. Enumerable.Range(0, Pick(0, 0, 1, 2)).Select(_ => new ScheduledBurst(Upto(80), _random.Next(1, Math.Clamp(count, 10, 40))))];
    }

    public int Seed { get; }

    public IReadOnlyList<ScheduledResult> Results { get; }

    public Dictionary<string, ScheduledIdFault> Faults { get; } = [];

    public IReadOnlyList<ScheduledTrouble> Troubles { get; }

    public IReadOnlyList<ScheduledBurst> Bursts { get; }

    /// <summary>When the run ends: what can be delivered is by then.</summary>
    public TimeSpan End { get; } = LastTrouble + TimeSpan.FromSeconds(60);

    public static DeliverySchedule FromSeed(int seed) => new(seed);

    public override string ToString() =>
        $"seed {Seed}, {Results.Count} results\n"
        + string.Concat(Troubles.Select(trouble => $"  {trouble}\n"))
        + string.Concat(Bursts.Select(burst => $"  {burst}\n"))
        + string.Join(", ", Faults.OrderBy(fault => fault.Key).Select(fault => $"{fault.Key} {fault.Value.Kind}"));

    private ScheduledIdFault Fault(bool mayAskToWait)
    {
        var kind = (IdFault)_random.Next(mayAskToWait ? 8 : 7);
        var until = Chance(0.25) ? Upto(100) : ScheduledIdFault.ForEver;
        return kind switch
        {
            IdFault.Slow => new(kind, until, TimeSpan.FromSeconds(1) + Upto(8)),
            IdFault.RetryAfter => new(kind, until, TimeSpan.FromSeconds(_random.Next(1, 4))),
            _ => new(kind, until, TimeSpan.Zero),
        };
    }

    private ScheduledTrouble Trouble()
    {
        var kind = (HubTrouble)_random.Next(5);
        var from = Upto(60);
        // An agent whose reports and polls pass learns of the end of this only by trying.
        var longest = kind is HubTrouble.ResultErrors or HubTrouble.ResultResets ? 15 : 40;
        return new(kind, from, from + Upto(Chance(0.3) ? 5 : longest));
    }

    private bool Chance(double probability) => _random.NextDouble() < probability;

    private TimeSpan Upto(double seconds) => TimeSpan.FromSeconds(_random.NextDouble() * seconds);

    private T Pick<T>(params T[] items) => items[_random.Next(items.Length)];
}
