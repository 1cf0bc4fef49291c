using System.Globalization;
using System.Text.Json;
using OvimSpokeAgent.Validation;

namespace OvimSpokeAgent.Operations;

// Fields of a form of their own.
internal sealed partial class PayloadReader
{
    /// <summary>One of some words, as they are written; null when absent.</summary>
    public string? OptionalChoice(string field, params ReadOnlySpan<string> words)
    {
        if (OptionalString(field) is not { } text) return null;
        if (!words.Contains(text)) Reject(field, text, $"one of {string.Join(", ", words.ToArray())}");
        return text;
    }

    /// <summary>A text, under a name of the caller's; or an object of names and texts. Empty when absent.</summary>
    public IReadOnlyList<(string Name, string Text)> TextOrTexts(string field, string nameOfText)
    {
        if (!TryFind([field], out var name, out var value)) return [];
        if (JsonText.TryGetString(value, out var text)) return [(nameOfText, text)];
        var texts = new List<(string, string)>();
        if (value.ValueKind is not JsonValueKind.Object)
        {
            Reject(name, value, "a text, or an object of file names and texts");
            return texts;
        }
        foreach (var property in value.EnumerateObject())
        {
            if (JsonText.TryGetString(property.Value, out text)) texts.Add((JsonText.NameOf(property), text));
            else Reject(name, property.Value, "a text under each file name");
        }
        return texts;
    }

    /// <summary>
    /// A reader of each object in an array; none when it is absent. What is wrong in one is in this reader's errors, under the
    /// names <c>field[0].name</c>.
    /// </summary>
    /// <param name="field">The array.</param>
    /// <param name="most">How many it may have.</param>
    public IReadOnlyList<PayloadReader> Sections(string field, int most)
    {
        if (!TryFind([field], out var name, out var value)) return [];
        if (value.ValueKind is not JsonValueKind.Array)
        {
            Reject(name, value, "an array of objects");
            return [];
        }
        if (value.GetArrayLength() > most)
        {
            RejectBecause(name, string.Create(CultureInfo.InvariantCulture, $"{value.GetArrayLength()} entries, expected at most {most}"));
            return [];
        }
        var items = new List<PayloadReader>();
        foreach (var (index, item) in value.EnumerateArray().Index())
        {
            var at = string.Create(CultureInfo.InvariantCulture, $"{name}[{index}]");
            if (item.ValueKind is JsonValueKind.Object) items.Add(new(item, $"{_prefix}{at}.", _errors, _rejectedFields));
            else Reject(at, item, "an object");
        }
        return items;
    }
}
