namespace OvimSpokeAgent.VirtualDataCenters;

/// <summary>What came of making a namespace's objects as declared.</summary>
/// <param name="Made">The objects that are as declared.</param>
/// <param name="NotMade">Those that are not.</param>
/// <param name="Problem">Why; null: all are made.</param>
internal sealed record ApplyResult(IReadOnlyList<string> Made, IReadOnlyList<string> NotMade, string? Problem)
{
    /// <summary>For the hub's user.</summary>
    public string Describe() =>
        $"made: {Join(Made)}; not made: {Join(NotMade)}: {Problem}";

    private static string Join(IReadOnlyList<string> objects) => objects.Count == 0 ? "nothing" : string.Join(", ", objects);
}
