using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Numerics;

namespace OvimSpokeAgent.Cluster;

/// <summary>
/// A Kubernetes resource quantity (<c>500m</c>, <c>2</c>, <c>4Gi</c>): its text and its value. Parsed here and not by the
/// library, which takes texts that Kubernetes refuses (<c>1,5Gi</c> as 15 GiB) and works for hours on <c>1e999999999</c>.
/// </summary>
internal readonly record struct Quantity
{
    // apimachinery, pkg/api/resource/suffix.go; the binary ones in rising order.
    private static readonly (string Suffix, decimal Factor)[] Suffixes =
    [
        ("Ki", 1L << 10), ("Mi", 1L << 20), ("Gi", 1L << 30), ("Ti", 1L << 40), ("Pi", 1L << 50), ("Ei", 1L << 60),
        ("n", 1e-9m), ("u", 1e-6m), ("m", 1e-3m), ("", 1),
        ("k", 1e3m), ("M", 1e6m), ("G", 1e9m), ("T", 1e12m), ("P", 1e15m), ("E", 1e18m),
    ];

    private const int MaxLength = 64;
    private const int MaxExponent = 28;
    private const decimal Nano = 1e-9m;
    private const int NanosOfUnit = 1_000_000_000;

    private Quantity(string text, decimal value) => (Text, Value) = (text, value);

    /// <summary>More cores, or GiB, than anything has; keeps sums of bytes within 64 bits.</summary>
    public const decimal Max = 1_000_000_000;

    private const decimal MaxValue = Max * (1L << 30);
    private const string MaxText = "1000000000Gi";

    /// <summary>The quantity as it was written; or one of its value, where that is more than anyone can use.</summary>
    public string Text { get; }

    /// <summary>Cores, or bytes.</summary>
    public decimal Value { get; }

    /// <summary>It stands for more, of which nobody knows how much.</summary>
    public bool IsSaturated { get; private init; }

    /// <summary>
    /// Parses by Kubernetes' rules: a decimal number with a suffix (<c>n u m k M G T P E</c>, <c>Ki … Ei</c>) or an
    /// exponent; finer than a nano-unit is rounded away from zero. False for anything else, and for what is beyond use:
    /// more than <see cref="Max"/> GiB, more than 28 digits, an exponent beyond ± 28.
    /// </summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out Quantity quantity)
    {
        quantity = default;
        if (text is null || text.Length > MaxLength) return false;
        var isNegative = text.StartsWith('-');
        var rest = isNegative || text.StartsWith('+') ? text.AsSpan(1) : text;
        var number = rest[..^rest.TrimStart("0123456789.").Length];
        if (!TryFactor(rest[number.Length..], out var factor)
            || !decimal.TryParse(number, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var mantissa)
            || (factor > 1 ? mantissa > MaxValue / factor : mantissa * factor > MaxValue))
        {
            return false;
        }
        var value = MultiplyUp(mantissa, factor);
        quantity = new Quantity(text, isNegative ? -value : value);
        return true;
    }

    /// <summary>
    /// Reads a quantity that others wrote, by the same rules, but what is beyond use, on either side of zero, becomes
    /// <see cref="Max"/> GiB and <see cref="IsSaturated"/>. False for what is no quantity.
    /// </summary>
    public static bool TryRead([NotNullWhen(true)] string? text, out Quantity quantity)
    {
        if (TryParse(text, out quantity)) return true;
        if (text is null) return false;
        var isNegative = text.StartsWith('-');
        var rest = isNegative || text.StartsWith('+') ? text.AsSpan(1) : text;
        var number = rest[..^rest.TrimStart("0123456789.").Length];
        // Too long, too fine or too large for a decimal: near enough to tell where it is.
        if (number.IsEmpty || !TryDouble(rest, number, out var value)) return false;
        if (value < (double)Nano && number.ContainsAnyInRange('1', '9')) value = (double)Nano;
        quantity = value < (double)MaxValue ? OfUnit((decimal)(isNegative ? -value : value), "") : Saturated(isNegative);
        return true;
    }

    /// <summary>A number of units, e.g. <c>OfUnit(4, "Gi")</c>; what is beyond <see cref="Max"/> GiB becomes that.</summary>
    /// <exception cref="ArgumentException">There is no such unit.</exception>
    public static Quantity OfUnit(decimal number, string unit)
    {
        if (TryParse(number.ToString("0.############################", CultureInfo.InvariantCulture) + unit, out var quantity)) return quantity;
        return TrySuffix(unit, out _) ? Saturated(number < 0) : throw new ArgumentException($"{unit} is no unit", nameof(unit));
    }

    /// <summary>Cores, as Kubernetes writes them: whole, or in millicores; rounded up to these. Saturates.</summary>
    public static Quantity OfCores(decimal cores)
    {
        if (Math.Abs(cores) > MaxValue) return Saturated(cores < 0);
        var millicores = Math.Ceiling(cores * 1000);
        return millicores % 1000 == 0 ? OfUnit(millicores / 1000, "") : OfUnit(millicores, "m");
    }

    /// <summary>A number of bytes, rounded up to whole ones, in the largest binary unit that keeps it whole. Saturates.</summary>
    public static Quantity OfBytes(decimal bytes)
    {
        if (Math.Abs(bytes) > MaxValue) return Saturated(bytes < 0);
        bytes = Math.Ceiling(bytes);
        var (suffix, factor) = Suffixes
            .Where(unit => unit.Suffix.EndsWith('i') && bytes != 0 && bytes % unit.Factor == 0)
            .LastOrDefault(("", 1));
        return OfUnit(bytes / factor, suffix);
    }

    public override string ToString() => Text;

    // Rounded up to nano-units, once: a decimal's own product is rounded to 28 digits before, down as well as up.
    private static decimal MultiplyUp(decimal mantissa, decimal factor)
    {
        var scale = BigInteger.Pow(10, mantissa.Scale + factor.Scale);
        var nanos = ((Digits(mantissa) * Digits(factor) * NanosOfUnit) + scale - 1) / scale;
        return (decimal)nanos / NanosOfUnit;
    }

    // All digits, without the decimal point.
    private static BigInteger Digits(decimal value)
    {
        Span<int> parts = stackalloc int[4];
        decimal.GetBits(value, parts);
        return ((BigInteger)(uint)parts[2] << 64) + ((BigInteger)(uint)parts[1] << 32) + (uint)parts[0];
    }

    private static Quantity Saturated(bool isNegative) =>
        new(isNegative ? "-" + MaxText : MaxText, isNegative ? -MaxValue : MaxValue) { IsSaturated = true };

    private static bool TryFactor(ReadOnlySpan<char> suffix, out decimal factor) =>
        TrySuffix(suffix, out factor) || TryExponent(suffix, out factor);

    private static bool TrySuffix(ReadOnlySpan<char> suffix, out decimal factor)
    {
        factor = 0;
        foreach (var (name, value) in Suffixes)
        {
            factor = value;
            if (suffix.SequenceEqual(name)) return true;
        }
        return false;
    }

    private static bool TryDouble(ReadOnlySpan<char> all, ReadOnlySpan<char> number, out double value)
    {
        const NumberStyles Style = NumberStyles.AllowDecimalPoint;
        if (!TrySuffix(all[number.Length..], out var factor))
            return double.TryParse(all, Style | NumberStyles.AllowExponent, CultureInfo.InvariantCulture, out value);
        var isNumber = double.TryParse(number, Style, CultureInfo.InvariantCulture, out value);
        value *= (double)factor;
        return isNumber;
    }

    private static bool TryExponent(ReadOnlySpan<char> suffix, out decimal factor)
    {
        factor = 0;
        if (suffix is not ['e' or 'E', ..]
            || !int.TryParse(suffix[1..], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var exponent)
            || exponent is < -MaxExponent or > MaxExponent)
        {
            return false;
        }
        factor = 1;
        for (var i = 0; i < Math.Abs(exponent); i++) factor *= exponent > 0 ? 10 : 0.1m;
        return true;
    }
}
