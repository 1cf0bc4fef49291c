using System.Text.Json;
using OvimSpokeAgent.Contract;
using OvimSpokeAgent.Validation;

namespace OvimSpokeAgent.Templates;

/// <summary>How rejected templates are told. Pure.</summary>
internal static class RejectedTemplates
{
    // A result has at most 512 KiB, and two such lists.
    private const int MaxBytes = 160 << 10;

    /// <summary>So many of them are kept to be shown.</summary>
    public const int MaxKept = 100;

    private const int Named = 3;

    /// <summary>As many as a result has room for; of more, how many.</summary>
    public static IReadOnlyList<TemplateProblem> ForResult(IReadOnlyList<TemplateProblem> problems)
    {
        var (told, bytes) = (new List<TemplateProblem>(), 0);
        foreach (var problem in problems)
        {
            bytes += 32 + JsonEncodedText.Encode(problem.Name).EncodedUtf8Bytes.Length + JsonEncodedText.Encode(problem.Reason).EncodedUtf8Bytes.Length;
            if (bytes > MaxBytes) break;
            told.Add(problem);
        }
        if (told.Count < problems.Count) told.Add(new TemplateProblem("…", $"and {problems.Count - told.Count} more that are not told"));
        return told;
    }

    /// <summary>The first few, in a sentence.</summary>
    public static string Some(IReadOnlyList<TemplateProblem> problems) =>
        ShortList.Sentences([.. problems.Select(problem => $"{problem.Name}: {problem.Reason}")], Named);
}
