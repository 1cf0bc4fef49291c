using System.Buffers;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using OvimSpokeAgent.Operations;
using OvimSpokeAgent.Validation;

namespace OvimSpokeAgent.Templates;

/// <summary>
/// Puts values into the texts of a Template's objects: <c>${NAME}</c> anywhere in a text or a key; <c>${{NAME}}</c> as the whole text
/// for a value of any type; one that is no JSON is a string (OpenShift, pkg/template/templateprocessing). What names no parameter stays: shell scripts have such texts, too. Pure.
/// </summary>
internal sealed partial class ParameterSubstitution(ParameterValues values)
{
    private const int MaxBytes = 256 << 10;

    private static readonly JsonDocumentOptions ValueOptions = new() { MaxDepth = 32 };

    private bool _isTooLarge;

    /// <summary>The object with the values in it, or why there is none.</summary>
    public (JsonElement? Value, string? Problem) Apply(JsonElement value)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            if (!TryWrite(writer, value) || _isTooLarge) return (null, $"with its parameters the object is over {MaxBytes >> 10} KiB");
        }
        return (OperationJson.Parse(buffer.WrittenSpan), null);
    }

    /// <summary>The parameter that is all of a text; null: it is another text.</summary>
    public static string? Only(string text) => OnlyText().Match(text) is { Success: true } found ? found.Groups[1].Value : null;

    private bool TryWrite(Utf8JsonWriter writer, JsonElement value)
    {
        if (_isTooLarge || writer.BytesCommitted + writer.BytesPending > MaxBytes) return false;
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                writer.WriteStartObject();
                foreach (var (name, member) in CanonicalJson.Members(value))
                {
                    writer.WritePropertyName(Text(name));
                    if (!TryWrite(writer, member)) return false;
                }
                writer.WriteEndObject();
                return true;
            case JsonValueKind.Array:
                writer.WriteStartArray();
                foreach (var item in value.EnumerateArray())
                {
                    if (!TryWrite(writer, item)) return false;
                }
                writer.WriteEndArray();
                return true;
            case JsonValueKind.String when JsonText.TryGetString(value, out var text):
                WriteText(writer, text);
                return true;
            default:
                CanonicalJson.Write(writer, value);
                return true;
        }
    }

    private void WriteText(Utf8JsonWriter writer, string text)
    {
        if (Json().Match(text) is not { Success: true } whole || values.Find(whole.Groups[1].Value) is not { } json)
        {
            writer.WriteStringValue(Text(text));
            return;
        }
        try
        {
            CanonicalJson.Write(writer, JsonElement.Parse(Encoding.UTF8.GetBytes(json), ValueOptions));
        }
        catch (JsonException)
        {
            writer.WriteStringValue(json); // there is no way to ask first
        }
    }

    // Its length is looked at before there is so much: a text of a mebibyte may name a value many times.
    private string Text(string text)
    {
        var (result, end) = (new StringBuilder(), 0);
        foreach (Match found in Texts().Matches(text))
        {
            if (values.Find(found.Groups[1].Value) is not { } value) continue;
            _isTooLarge |= result.Length + (found.Index - end) + value.Length > MaxBytes;
            if (_isTooLarge) return "";
            result.Append(text, end, found.Index - end).Append(value);
            end = found.Index + found.Length;
        }
        return end == 0 ? text : result.Append(text, end, text.Length - end).ToString();
    }

    [GeneratedRegex(@"\$\{([a-zA-Z0-9_]+)\}")]
    private static partial Regex Texts();

    [GeneratedRegex(@"^\$\{([a-zA-Z0-9_]+)\}\z")]
    private static partial Regex OnlyText();

    [GeneratedRegex(@"^\$\{\{([a-zA-Z0-9_]+)\}\}\z")]
    private static partial Regex Json();
}
