using System.Text.RegularExpressions;

namespace OvimSpokeAgent.Validation;

/// <summary>
/// References to container images as container runtimes take them: <c>[host[:port]/]path[:tag][@digest]</c> (the grammar of
/// github.com/distribution/reference, and what its normalisation refuses besides).
/// </summary>
internal static partial class ImageReference
{
    private const int MaxNameLength = 255;
    private const int MaxLength = 1024;

    public static bool IsValid(string text)
    {
        if (text.Length > MaxLength || Reference().Match(text) is not { Success: true } match) return false;
        var name = match.Groups["name"].Value;
        return name.Length <= MaxNameLength && !ImageId().IsMatch(name);
    }

    [GeneratedRegex("""
        ^(?<name>
            (?:(?:(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])(?:\.(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9]))*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?/)?
            [a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)*)*
        )
        (?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?
        (?:@(?:sha256:[a-f0-9]{64}|sha384:[a-f0-9]{96}|sha512:[a-f0-9]{128}))?\z
        """, RegexOptions.IgnorePatternWhitespace | RegexOptions.ExplicitCapture)]
    private static partial Regex Reference();

    [GeneratedRegex(@"^[a-f0-9]{64}\z")]
    private static partial Regex ImageId();
}
