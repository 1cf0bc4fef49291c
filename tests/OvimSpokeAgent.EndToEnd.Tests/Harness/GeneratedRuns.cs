using System.Globalization;

namespace OvimSpokeAgent.EndToEnd.Tests.Harness;

/// <summary>How tests with generated input are run: with one seed that stays and one by chance, or with the one they are told.</summary>
internal static class GeneratedRuns
{
    /// <summary>The variable that runs one seed alone, as the message of a failure names it.</summary>
    public const string SeedVariable = "OVIM_HOSTILE_SEED";

    private const int FixedSeed = 1;

    public static TheoryData<int> Seeds() => Number(SeedVariable) is { } seed ? [seed] : [FixedSeed, Random.Shared.Next(2, int.MaxValue)];

    /// <summary>What a variable says, or few enough for a run beside other tests.</summary>
    public static int CountOf(string variable, int few) => Number(variable) ?? few;

    /// <exception cref="InvalidOperationException">The variable is set, and not to a whole number.</exception>
    private static int? Number(string variable) => Environment.GetEnvironmentVariable(variable) switch
    {
        null or "" => null,
        var text when int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) => number,
        var text => throw new InvalidOperationException($"{variable}: expected a whole number, got \"{text}\""),
    };
}
