using System.Globalization;

namespace OvimSpokeAgent.EndToEnd.Tests.Harness;

/// <summary>How tests with generated input are run: with one seed that stays and one by chance, or with the one they are told.</summary>
internal static class GeneratedRuns
{
    /// <summary>The variable that runs one seed alone, as the message of a failure names it.</summary>
    public const string SeedVariable = "OVIM_HOSTILE_SEED";

    private const int FixedSeed = 1;

    public static TheoryData<int> Seeds() => GivenSeed() is { } seed ? [seed] : [FixedSeed, Random.Shared.Next(2, int.MaxValue)];

    /// <exception cref="InvalidOperationException">The variable is set, and not to a whole number.</exception>
    private static int? GivenSeed() => Environment.GetEnvironmentVariable(SeedVariable) switch
    {
        null or "" => null,
        var text when int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) => number,
        var text => throw new InvalidOperationException($"{SeedVariable}: expected a whole number, got \"{text}\""),
    };
}
