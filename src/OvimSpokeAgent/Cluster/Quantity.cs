using System.Diagnostics.CodeAnalysis;
using System.Globalization;

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

    private Quantity(string text, decimal value) => (Text, Value) = (text, value);

    /// <summary>More cores, or GiB, than anything has; keeps sums of bytes within 64 bits.</summary>
    public const decimal Max = 1_000_000_000;

    private const decimal MaxValue = Max * (1L << 30);

    /// <summary>The quantity as it was written.</summary>
    public string Text { get; }

    /// <summary>Cores, or bytes.</summary>
    public decimal Value { get; }

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
        var value = Math.Ceiling(mantissa * factor / Nano) * Nano;
        if (value == 0 && mantissa > 0) value = Nano; // below what a decimal can tell from nothing
        quantity = new Quantity(text, isNegative ? -value : value);
        return true;
    }

    /// <summary>A number of whole units, e.g. <c>OfUnit(4, "Gi")</c>.</summary>
    /// <exception cref="ArgumentException">It is more than <see cref="Max"/>, or there is no such unit.</exception>
    public static Quantity OfUnit(decimal number, string unit)
    {
        var text = number.ToString("0.############################", CultureInfo.InvariantCulture) + unit;
        return TryParse(text, out var quantity)
            ? quantity
            : throw new ArgumentException($"{text} is no quantity", nameof(number));
    }

    /// <summary>Cores, as Kubernetes writes them: whole, or in millicores; rounded up to these.</summary>
    public static Quantity OfCores(decimal cores)
    {
        var millicores = Math.Ceiling(cores * 1000);
        return millicores % 1000 == 0 ? OfUnit(millicores / 1000, "") : OfUnit(millicores, "m");
    }

    /// <summary>A number of bytes, rounded up to whole ones, in the largest binary unit that keeps it whole.</summary>
    public static Quantity OfBytes(decimal bytes)
    {
        bytes = Math.Ceiling(bytes);
        var (suffix, factor) = Suffixes
            .Where(unit => unit.Suffix.EndsWith('i') && bytes != 0 && bytes % unit.Factor == 0)
            .LastOrDefault(("", 1));
        return OfUnit(bytes / factor, suffix);
    }

    public override string ToString() => Text;

    private static bool TryFactor(ReadOnlySpan<char> suffix, out decimal factor)
    {
        foreach (var (name, value) in Suffixes)
        {
            factor = value;
            if (suffix.SequenceEqual(name)) return true;
        }
        return TryExponent(suffix, out factor);
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
