using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using System.Text.Unicode;

namespace OvimSpokeAgent.Validation;

/// <summary>Reads text out of untrusted JSON: an escape such as a lone surrogate parses, but is no string in .NET.</summary>
internal static partial class JsonText
{
    private const int ShownLength = 80;

    /// <summary><c>{}</c>.</summary>
    public static JsonElement EmptyObject { get; } = JsonElement.Parse("{}"u8);

    /// <summary>A string as JSON.</summary>
    public static JsonElement ToElement(string text) => JsonElement.Parse($"\"{JsonEncodedText.Encode(text)}\"");

    /// <summary>The byte order mark that some write before their JSON.</summary>
    public static ReadOnlySpan<byte> ByteOrderMark => [0xEF, 0xBB, 0xBF];

    /// <summary>The text itself, or where it is no UTF-8 the text with what is none replaced: else every later look at it would fail.</summary>
    public static ReadOnlySpan<byte> ToUtf8(ReadOnlySpan<byte> text) =>
        Utf8.IsValid(text) ? text : Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(text));

    /// <summary>The string's value; false if it is none or holds what no string can.</summary>
    public static bool TryGetString(JsonElement value, [NotNullWhen(true)] out string? text)
    {
        text = null;
        if (value.ValueKind is not JsonValueKind.String) return false;
        try
        {
            text = value.GetString()!;
            return true;
        }
        catch (InvalidOperationException)
        {
            return false; // the API has no way to ask first
        }
    }

    /// <summary>A property's name; in its escaped form where it is no valid text.</summary>
    public static string NameOf(JsonProperty property)
    {
        try
        {
            return property.Name;
        }
        catch (InvalidOperationException)
        {
            return "\\" + property.ToString();
        }
    }

    /// <summary>The value of a property of an object, of several with the name the last one; names that are no text are passed over.</summary>
    public static bool TryGetProperty(JsonElement value, string name, out JsonElement property)
    {
        try
        {
            return value.TryGetProperty(name, out property);
        }
        catch (InvalidOperationException)
        {
            property = default; // a name on the way is no text: one by one then
            foreach (var member in value.EnumerateObject())
            {
                if (NameOf(member) == name) property = member.Value;
            }
            return property.ValueKind is not JsonValueKind.Undefined;
        }
    }

    /// <summary>Whether it is absent, <c>null</c>, or nothing: a text, an array or an object without content.</summary>
    public static bool IsEmpty(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Null or JsonValueKind.Undefined => true,
        JsonValueKind.String => JsonMarshal.GetRawUtf8Value(value).Length == 2,
        JsonValueKind.Array => value.GetArrayLength() == 0,
        JsonValueKind.Object => value.GetPropertyCount() == 0,
        _ => false,
    };

    /// <summary>A value for a message: one line, shortened.</summary>
    public static string Show(JsonElement value) =>
        value.ValueKind is JsonValueKind.Undefined ? "nothing" : Shorten(value.GetRawText());

    /// <summary>What a value is, for a message that must not show it: it may hold secrets.</summary>
    public static string Describe(JsonElement value)
    {
        return value.ValueKind switch
        {
            JsonValueKind.Undefined => "nothing",
            JsonValueKind.Null => "null",
            JsonValueKind.True or JsonValueKind.False => "a boolean",
            JsonValueKind.Number => Sized("a number"),
            JsonValueKind.String => Sized("a string"),
            JsonValueKind.Array => Sized("an array"),
            _ => Sized("an object"),
        };

        string Sized(string what) =>
            string.Create(CultureInfo.InvariantCulture, $"{what} of {JsonMarshal.GetRawUtf8Value(value).Length} bytes (not shown)");
    }

    /// <summary>What is wrong with a text that is no JSON, without the text: the parser may quote what it could not read.</summary>
    public static string Describe(JsonException e) => e.Message.StartsWith('\'') && e.LineNumber is { } line
        ? string.Create(CultureInfo.InvariantCulture, $"no JSON from line {line + 1}, byte {e.BytePositionInLine + 1} on")
        : e.Message;

    /// <summary>A string for a message: quoted, one line, shortened.</summary>
    public static string Show(string value) => $"\"{Shorten(value)}\"";

    /// <summary>
    /// A text for a message: control characters and a URL's credentials replaced, at most 80 characters, or as many as are
    /// asked for.
    /// </summary>
    public static string Shorten(string value, int length = ShownLength)
    {
        value = WithoutCredentials(value);
        var text = new StringBuilder(Math.Min(value.Length, length + 1));
        foreach (var rune in value.EnumerateRunes())
        {
            if (text.Length >= length) return text.Append('…').ToString();
            text.Append(Rune.IsControl(rune) ? "�" : rune.ToString());
        }
        return text.ToString();
    }

    /// <summary>A text with the credentials of URLs in it replaced.</summary>
    public static string WithoutCredentials(string text) => UserInfo().Replace(text, "://…@");

    [GeneratedRegex("""://[^/\s@"]*@""")]
    private static partial Regex UserInfo();
}
