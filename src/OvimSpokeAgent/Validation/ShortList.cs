namespace OvimSpokeAgent.Validation;

/// <summary>Lists in messages for people: the first few of them, and how many more there are.</summary>
internal static class ShortList
{
    /// <summary><c>a, b and 3 more</c>.</summary>
    public static string Names(IReadOnlyCollection<string> names, int shown) => Join(names, shown, ", ", " and ");

    /// <summary><c>a is odd; b is away; and 3 more</c>.</summary>
    public static string Sentences(IReadOnlyCollection<string> sentences, int shown) => Join(sentences, shown, "; ", "; and ");

    private static string Join(IReadOnlyCollection<string> items, int shown, string separator, string beforeMore) =>
        string.Join(separator, items.Take(shown)) + (items.Count > shown ? $"{beforeMore}{items.Count - shown} more" : "");
}
