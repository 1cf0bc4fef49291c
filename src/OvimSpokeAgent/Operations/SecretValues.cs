using System.Text;
using System.Text.Json;
using OvimSpokeAgent.Validation;

namespace OvimSpokeAgent.Operations;

/// <summary>
/// The values of a payload's secret fields (<see cref="SecretFields"/>), to be taken out of what others say of the operation:
/// admission webhooks and policies show what they refuse. Pure.
/// </summary>
internal static class SecretValues
{
    // Shorter ones are words that stand in any message; no secret is.
    private const int MinLength = 8;
    private const string Hidden = "(not shown)";

    /// <summary>The text without these values: neither whole nor line by line, also as JSON and base64 have them, or cut off at the end.</summary>
    public static string Hide(string text, JsonElement payload)
    {
        var all = In(payload, isSecret: false).SelectMany(Forms);
        var there = all.Where(form => text.Contains(form, StringComparison.Ordinal)).Distinct().OrderByDescending(form => form.Length).ToList();
        foreach (var secret in there) text = text.Replace(secret, Hidden, StringComparison.Ordinal);
        return text.Contains('…', StringComparison.Ordinal) ? all.Aggregate(text, HideBeginning) : text;
    }

    // Of a message that was too long, the end is missing.
    private static string HideBeginning(string text, string secret)
    {
        for (var end = text.IndexOf('…', StringComparison.Ordinal); end >= 0; end = text.IndexOf('…', end + 1))
        {
            var before = text.AsSpan(0, end);
            for (var length = Math.Min(secret.Length, end); length >= MinLength; length--)
            {
                if (!before.EndsWith(secret.AsSpan(0, length), StringComparison.Ordinal)) continue;
                text = $"{text[..(end - length)]}{Hidden}{text[end..]}";
                end += Hidden.Length - length;
                break;
            }
        }
        return text;
    }

    private static IEnumerable<string> In(JsonElement value, bool isSecret) => value.ValueKind switch
    {
        JsonValueKind.Object => value.EnumerateObject().SelectMany(member =>
            In(member.Value, isSecret || SecretFields.Contains(JsonText.NameOf(member)))),
        JsonValueKind.Array => value.EnumerateArray().SelectMany(item => In(item, isSecret)),
        JsonValueKind.String when isSecret && JsonText.TryGetString(value, out var text) => [text],
        _ => [],
    };

    private static IEnumerable<string> Forms(string secret)
    {
        if (secret.Length < MinLength) yield break;
        yield return secret;
        yield return Convert.ToBase64String(Encoding.UTF8.GetBytes(secret));
        foreach (var line in secret.Split(['\r', '\n'], StringSplitOptions.TrimEntries).Where(line => line.Length >= MinLength))
        {
            yield return line;
            yield return JsonEncodedText.Encode(line).ToString();
            yield return line.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal); // as Go writes it
        }
    }
}
