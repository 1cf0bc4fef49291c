using System.Globalization;
using System.Numerics;
using System.Text.RegularExpressions;

namespace OvimSpokeAgent.Sandbox.Cluster;

/// <summary>Quantities as the API server writes them back: <c>2000m</c> is <c>2</c>, <c>1024Mi</c> is <c>1Gi</c>.</summary>
internal static partial class QuantityText
{
    private static readonly string[] Binary = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];
    private static readonly string[] Decimal = ["n", "u", "m", "", "k", "M", "G", "T", "P", "E"];

    // Everything is counted in billionths, the smallest that there is.
    private static readonly BigInteger One = 1_000_000_000;

    /// <summary>The canonical text; null if it is no quantity.</summary>
    public static string? Canonical(string text)
    {
        var match = Form().Match(text);
        if (!match.Success) return null;
        if (match.Groups["exponent"].Success) return text;
        var suffix = match.Groups["suffix"].Value;
        var isBinary = suffix.Length == 2;
        var amount = Parse(match.Groups["number"].Value, isBinary ? 0 : (Array.IndexOf(Decimal, suffix) - 3) * 3);
        if (!isBinary) return Write(amount, 1000, Decimal);
        amount *= BigInteger.Pow(1024, Array.IndexOf(Binary, suffix));
        var isWhole = amount % One == 0 && BigInteger.Abs(amount / One) >= 1024;
        return isWhole ? Write(amount / One, 1024, Binary) : Write(amount, 1000, Decimal);
    }

    /// <summary>A number times ten to a power, in billionths, rounded up.</summary>
    private static BigInteger Parse(string number, int power)
    {
        var point = number.IndexOf('.', StringComparison.Ordinal);
        var digits = number.Replace(".", "", StringComparison.Ordinal);
        var scale = 9 + power - (point < 0 ? 0 : number.Length - point - 1);
        var value = BigInteger.Parse(digits, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
        if (scale >= 0) return value * BigInteger.Pow(10, scale);
        var divisor = BigInteger.Pow(10, -scale);
        return (value + divisor - 1) / divisor;
    }

    private static string Write(BigInteger amount, int step, string[] suffixes)
    {
        if (amount == 0) return "0";
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
}
