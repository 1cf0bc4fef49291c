using System.Globalization;
using System.Numerics;
using System.Text.RegularExpressions;

namespace KubernetesSandbox;

/// <summary>A quantity: billionths, the smallest amount there is, and whether it was written with a binary suffix.</summary>
internal readonly record struct QuantityAmount(BigInteger Billionths, bool IsBinary)
{
    public static QuantityAmount operator +(QuantityAmount a, QuantityAmount b) =>
        new(a.Billionths + b.Billionths, a.IsBinary || b.IsBinary);
}

/// <summary>Quantities as the API server writes them back: <c>2000m</c> is <c>2</c>, <c>1024Mi</c> is <c>1Gi</c>.</summary>
internal static partial class QuantityText
{
    private static readonly string[] Binary = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];
    private static readonly string[] Decimal = ["n", "u", "m", "", "k", "M", "G", "T", "P", "E"];

    private static readonly BigInteger One = 1_000_000_000;

    /// <summary>The canonical text; null if it is no quantity.</summary>
    public static string? Canonical(string text)
    {
        if (Parse(text) is not { } amount) return null;
        return Exponent().IsMatch(text) ? text : Write(amount);
    }

    /// <summary>The amount; null if it is no quantity.</summary>
    public static QuantityAmount? Parse(string text)
    {
        var match = Form().Match(text);
        if (!match.Success) return null;
        var (number, suffix) = (match.Groups["number"].Value, match.Groups["suffix"].Value);
        if (match.Groups["exponent"] is { Success: true, Value: var exponent })
            return new(Scale(number, int.Parse(exponent, CultureInfo.InvariantCulture)), IsBinary: false);
        return suffix.Length == 2
            ? new(Scale(number, 0) * BigInteger.Pow(1024, Array.IndexOf(Binary, suffix)), IsBinary: true)
            : new(Scale(number, (Array.IndexOf(Decimal, suffix) - 3) * 3), IsBinary: false);
    }

    /// <summary>The shortest text with a whole number; binary only from 1024 on.</summary>
    public static string Write(QuantityAmount amount)
    {
        var (whole, rest) = BigInteger.DivRem(amount.Billionths, One);
        return amount.IsBinary && rest.IsZero && BigInteger.Abs(whole) >= 1024
            ? Write(whole, 1024, Binary)
            : Write(amount.Billionths, 1000, Decimal);
    }

    /// <summary>A number times ten to a power, in billionths, rounded up.</summary>
    private static BigInteger Scale(string number, int power)
    {
        var point = number.IndexOf('.', StringComparison.Ordinal);
        var scale = 9 + power - (point < 0 ? 0 : number.Length - point - 1);
        var value = BigInteger.Parse(
            number.Replace(".", "", StringComparison.Ordinal), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
        if (scale >= 0) return value * BigInteger.Pow(10, scale);
        var divisor = BigInteger.Pow(10, -scale);
        return (value + divisor - 1) / divisor;
    }

    private static string Write(BigInteger amount, int step, string[] suffixes)
    {
        if (amount.IsZero) return "0";
        var at = 0;
        while (at < suffixes.Length - 1 && amount % step == 0)
        {
            amount /= step;
            at++;
        }
        return amount.ToString(CultureInfo.InvariantCulture) + suffixes[at];
    }

    [GeneratedRegex(
        @"\A(?<number>[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+))((?<suffix>[numkMGTPE]|[KMGTPE]i)|[eE](?<exponent>[+-]?[0-9]{1,3}))?\z",
        RegexOptions.ExplicitCapture)]
    private static partial Regex Form();

    [GeneratedRegex(@"[eE][+-]?[0-9]")]
    private static partial Regex Exponent();
}
