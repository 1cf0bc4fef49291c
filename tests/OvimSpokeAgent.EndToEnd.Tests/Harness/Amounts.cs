namespace OvimSpokeAgent.EndToEnd.Tests.Harness;

/// <summary>
/// How much the tests try whose strength grows with what they are given: crashes, generated input, days, objects. In full for a check
/// of the whole; else enough to see after a change that it holds, in minutes.
/// </summary>
internal static class Amounts
{
    /// <summary>The variable that has all of it tried.</summary>
    private const string FullVariable = "OVIM_TESTS_IN_FULL";

    /// <summary>Whether all of it is tried.</summary>
    public static bool AreFull { get; } = Environment.GetEnvironmentVariable(FullVariable) switch
    {
        "1" => true,
        null or "" or "0" => false,
        var text => throw new InvalidOperationException($"{FullVariable}: expected 1 or 0, got \"{text}\""),
    };

    /// <summary>The amount of this run.</summary>
    public static int Of(int few, int full) => AreFull ? full : few;
}
