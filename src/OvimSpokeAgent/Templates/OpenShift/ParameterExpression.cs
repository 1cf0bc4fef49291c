using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace OvimSpokeAgent.Templates;

/// <summary>
/// Makes the value of a parameter by OpenShift's expressions: text in which <c>[a-zA-Z0-9]{8}</c> stands for eight characters of
/// these, <c>\w</c>, <c>\d</c>, <c>\a</c>, <c>\A</c> for letters, digits and <c>_</c>, digits, letters and digits, and symbols
/// (OpenShift, pkg/template/generator/expressionvalue.go). Anything else stands for itself.
/// </summary>
/// <param name="next">A number from 0 up to one that is given and not included; it makes passwords.</param>
internal sealed partial class ParameterExpression(Func<int, int> next)
{
    private const string Letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    private const string Digits = "0123456789";
    private const string Symbols = "~!@#$%^&*()-_+={}[]\\|<,>.?/\"';:`";
    private const int MaxLength = 255;
    private const int MaxExpression = 1024;

    /// <summary>A value, or why there is none: the expression itself is no secret.</summary>
    public (string? Value, string? Problem) Generate(string expression)
    {
        if (expression.Length > MaxExpression) return (null, $"an expression of {expression.Length} characters, expected at most {MaxExpression}");
        var (value, end) = (new StringBuilder(), 0);
        foreach (Match generator in Generators().Matches(expression))
        {
            if (!int.TryParse(generator.Groups[2].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture, out var length)
                || length is < 1 or > MaxLength)
            {
                return (null, $"a length that is not from 1 to {MaxLength}");
            }
            if (Alphabet(generator.Groups[1].Value) is not { } alphabet) return (null, "a range that ends before it begins");
            value.Append(expression, end, generator.Index - end);
            for (var i = 0; i < length; i++) value.Append(alphabet[next(alphabet.Length)]);
            end = generator.Index + generator.Length;
        }
        return (value.Append(expression, end, expression.Length - end).ToString(), null);
    }

    // As often as the ranges name a character, as likely is it.
    private static string? Alphabet(string ranges)
    {
        var alphabet = new StringBuilder();
        for (var i = 0; i < ranges.Length; i++)
        {
            if (ranges[i] == '\\' && i + 1 < ranges.Length && ClassOf(ranges[i + 1]) is { } all)
            {
                alphabet.Append(all);
                i++;
            }
            else if (i + 2 < ranges.Length && ranges[i + 1] == '-')
            {
                if (ranges[i + 2] < ranges[i]) return null;
                for (var c = ranges[i]; c <= ranges[i + 2]; c++)
                {
                    if (char.IsAsciiLetterOrDigit(c)) alphabet.Append(c);
                }
                i += 2;
            }
            else if (char.IsAsciiLetterOrDigit(ranges[i]))
            {
                alphabet.Append(ranges[i]);
            }
        }
        return alphabet.Length == 0 ? null : alphabet.ToString();
    }

    private static string? ClassOf(char name) => name switch
    {
        'w' => Letters + Digits + "_",
        'd' => Digits,
        'a' => Letters + Digits,
        'A' => Symbols,
        _ => null,
    };

    [GeneratedRegex(@"\[([a-zA-Z0-9\-\\]+)\]\{([0-9]+)\}")]
    private static partial Regex Generators();
}
