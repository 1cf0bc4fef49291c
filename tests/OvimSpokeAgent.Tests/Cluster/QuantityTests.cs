using System.Globalization;
using System.Numerics;
using CsCheck;
using OvimSpokeAgent.Cluster;

namespace OvimSpokeAgent.Tests.Cluster;

public sealed class QuantityTests
{
    [Theory]
    [InlineData("0", 0)]
    [InlineData("2", 2)]
    [InlineData("+2", 2)]
    [InlineData("-2", -2)]
    [InlineData("1.5", 1.5)]
    [InlineData(".5", 0.5)]
    [InlineData("5.", 5)]
    [InlineData("500m", 0.5)]
    [InlineData("1u", 0.000001)]
    [InlineData("1n", 0.000000001)]
    [InlineData("1k", 1e3)]
    [InlineData("1M", 1e6)]
    [InlineData("1G", 1e9)]
    [InlineData("1T", 1e12)]
    [InlineData("1P", 1e15)]
    [InlineData("1E", 1e18)]
    [InlineData("1Ki", 1024)]
    [InlineData("1Mi", 1048576)]
    [InlineData("4Gi", 4294967296)]
    [InlineData("1Ti", 1099511627776)]
    [InlineData("0.5Pi", 562949953421312)]
    [InlineData("0.25Ei", 288230376151711744)]
    [InlineData("1e3", 1000)]
    [InlineData("1E3", 1000)]
    [InlineData("1e+3", 1000)]
    [InlineData("12e-1", 1.2)]
    [InlineData("0e28", 0)]
    public void Quantity_of_kubernetes_has_its_value(string text, double value)
    {
        Assert.True(Quantity.TryParse(text, out var quantity));
        Assert.Equal(value, (double)quantity.Value);
        Assert.Equal(text, quantity.ToString());
    }

    [Theory]
    [InlineData("0.1n", "0.000000001")]
    [InlineData("-0.1n", "-0.000000001")]
    [InlineData("1.0000000001", "1.000000001")]
    [InlineData("1e-28", "0.000000001")]
    [InlineData("0.0000000000000000000000000000000000000000001", "0")]
    public void Finer_than_a_nano_unit_is_rounded_away_from_zero(string text, string value)
    {
        Assert.True(Quantity.TryParse(text, out var quantity));
        Assert.Equal(decimal.Parse(value, CultureInfo.InvariantCulture), quantity.Value);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData(" ")]
    [InlineData("4Gi ")]
    [InlineData(" 4Gi")]
    [InlineData("4 Gi")]
    [InlineData("4Gi\n")]
    [InlineData("1,5Gi")]
    [InlineData("1_000")]
    [InlineData("4gi")]
    [InlineData("4K")]
    [InlineData("4GB")]
    [InlineData("Gi")]
    [InlineData("m")]
    [InlineData(".")]
    [InlineData("+")]
    [InlineData("+-1")]
    [InlineData("1.2.3")]
    [InlineData("1e")]
    [InlineData("1e1.5")]
    [InlineData("1e3Gi")]
    [InlineData("e3")]
    [InlineData("0x10")]
    [InlineData("NaN")]
    [InlineData("Infinity")]
    [InlineData("١")]
    [InlineData("four")]
    public void Anything_else_is_refused(string? text) => Assert.False(Quantity.TryParse(text, out _));

    [Theory]
    [InlineData("2000000000Gi")]
    [InlineData("1Ei")]
    [InlineData("1e28")]
    [InlineData("1e999999999")]
    [InlineData("1e-999999999")]
    [InlineData("1e99999999999999999999")]
    [InlineData("79228162514264337593543950335")]
    [InlineData("79228162514264337593543950336")]
    [InlineData("99999999999999999999999999999999999999999999999999999999999999999999999999")]
    public void What_nothing_has_is_refused_at_once(string text) => Assert.False(Quantity.TryParse(text, out _));

    [Theory]
    [InlineData("+792918301822.114476948974Mi", "831435101251425509.781247362")] // 30 digits
    [InlineData("0.0000000000000000000000000001n", "0.000000001")]
    public void What_is_finer_than_a_nano_unit_is_rounded_up_once(string text, string value)
    {
        Assert.True(Quantity.TryParse(text, out var quantity));

        Assert.Equal(decimal.Parse(value, CultureInfo.InvariantCulture), quantity.Value);
    }

    [Fact]
    public void Parser_agrees_with_exact_arithmetic() => GenText.Sample(text =>
    {
        var expected = Reference(text);
        Assert.Equal(expected is not null, Quantity.TryParse(text, out var quantity));
        if (expected is not null) Assert.Equal(expected.Value, quantity.Value);
    });

    [Fact]
    public void Any_text_is_a_quantity_with_that_text_or_none() =>
        Gen.String.Sample(text => Quantity.TryParse(text, out var quantity) ? quantity.Text == text : quantity == default);

    [Fact]
    public void Every_number_that_a_payload_can_say_is_a_quantity() =>
        Gen.Decimal[0.0000000000000000000000000001m, Quantity.Max].Where(number => number > 0).Select(Gen.OneOf("", "Gi"))
            .Sample((number, unit) => Assert.True(Quantity.OfUnit(number, unit).Value > 0));

    [Theory]
    [InlineData(0, "0")]
    [InlineData(1000, "1000")]
    [InlineData(1024, "1Ki")]
    [InlineData(1536, "1536")]
    [InlineData(2147483648, "2Gi")]
    [InlineData(1649267441664, "1536Gi")]
    [InlineData(1099511627776, "1Ti")]
    public void Bytes_are_written_in_the_largest_unit_that_keeps_them_whole(long bytes, string text)
    {
        Assert.Equal(text, Quantity.OfBytes(bytes).Text);
        Assert.Equal(bytes, Quantity.OfBytes(bytes).Value);
    }

    [Fact]
    public void More_than_anything_has_is_made_to_the_most_there_is()
    {
        foreach (var quantity in (Quantity[])
            [Quantity.OfUnit(Quantity.Max * 2, "Gi"), Quantity.OfBytes(decimal.MaxValue), Quantity.OfCores(decimal.MaxValue)])
        {
            Assert.Equal((Most, true), (quantity.Value, quantity.IsSaturated));
        }
        Assert.Equal(-Most, Quantity.OfBytes(decimal.MinValue).Value);
        Assert.Throws<ArgumentException>(() => Quantity.OfUnit(1, "Qi"));
    }

    [Theory]
    [InlineData("4Gi", 4L << 30, false)]
    [InlineData("-1", -1, false)]
    [InlineData("1200Pi", Most, true)]
    [InlineData("1Ei", Most, true)]
    [InlineData("-1Ei", -Most, true)]
    [InlineData("1e28", Most, true)]
    [InlineData("1e999999999", Most, true)]
    [InlineData("1e99999999999999999999", Most, true)]
    [InlineData("0e999999999", 0, false)]
    [InlineData("79228162514264337593543950336", Most, true)]
    [InlineData("99999999999999999999999999999999999999999999999999999999999999999999999999Ki", Most, true)]
    [InlineData("0000000000000000000000000000000000000000000000000000000000000000000000000000000000000002", 2, false)]
    [InlineData("2.00000000000000000000000000000000000000000000000000000000000000000000000000000000000000Ki", 2048, false)]
    public void What_others_wrote_saturates(string text, long value, bool isSaturated)
    {
        Assert.True(Quantity.TryRead(text, out var quantity));
        Assert.Equal((value, isSaturated), ((long)quantity.Value, quantity.IsSaturated));
        Assert.InRange(quantity.Text.Length, 1, 64);
    }

    [Theory]
    [InlineData("1e-999999999")]
    [InlineData("0.00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000001Gi")]
    public void What_others_wrote_is_never_rounded_to_nothing(string text)
    {
        Assert.True(Quantity.TryRead(text, out var quantity));
        Assert.Equal(0.000000001m, quantity.Value);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("NaN")]
    [InlineData("Infinity")]
    [InlineData("∞")]
    [InlineData("--1")]
    [InlineData("+-1")]
    [InlineData("1e")]
    [InlineData("1e1.5")]
    [InlineData("1e3Gi")]
    [InlineData("1.2.3")]
    [InlineData("e5")]
    [InlineData("１２")]
    [InlineData("1 ")]
    [InlineData("1,5")]
    public void What_is_no_quantity_is_none_whoever_wrote_it(string? text) => Assert.False(Quantity.TryRead(text, out _));

    [Fact]
    public void Any_text_of_others_is_within_bounds_or_no_quantity() =>
        Gen.Select(Gen.Char["0123456789.eE+-KMGi"].Array[0, 90], Gen.Bool).Sample((chars, isDoubled) =>
        {
            var text = new string(chars) + (isDoubled ? new string(chars) : "");
            var isRead = Quantity.TryRead(text, out var quantity);
            if (Quantity.TryParse(text, out var parsed)) Assert.Equal((true, parsed), (isRead, quantity));
            if (isRead) Assert.InRange(quantity.Value, -Most, Most);
            if (isRead) Assert.True(Quantity.TryParse(quantity.Text, out _));
        });

    private const long Most = 1_000_000_000L << 30;

    private static readonly string[] Suffixes =
        ["", "n", "u", "m", "k", "M", "G", "T", "P", "E", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei", "e2", "E3", "e-4", "E+5"];

    // At most 12 digits on each side: what a decimal holds exactly with any of these suffixes.
    private static readonly Gen<string> GenText =
        Gen.Select(Gen.OneOf("", "+", "-"), Gen.ULong[0, 999_999_999_999], Gen.ULong[0, 999_999_999_999], Gen.Bool, Gen.OneOf(Suffixes))
            .Select((sign, whole, fraction, hasFraction, suffix) =>
                $"{sign}{whole}{(hasFraction ? $".{fraction:000000000000}" : "")}{suffix}");

    /// <summary>The value in whole nano-units, by integers alone; null where it is more than the agent takes.</summary>
    private static decimal? Reference(string text)
    {
        var number = text.TrimStart('+', '-');
        var suffix = number.TrimStart("0123456789.".ToCharArray());
        var parts = number[..^suffix.Length].Split('.');
        var digits = BigInteger.Parse(parts[0] + (parts.Length > 1 ? parts[1] : ""), CultureInfo.InvariantCulture);
        var (ten, two) = suffix switch
        {
            [_, 'i'] => (0, 10 * (1 + "KMGTPE".IndexOf(suffix[0], StringComparison.Ordinal))),
            ['e' or 'E', _, ..] => (int.Parse(suffix[1..], CultureInfo.InvariantCulture), 0),
            "" => (0, 0),
            _ => (3 * ("num kMGTPE".IndexOf(suffix[0], StringComparison.Ordinal) - 3), 0),
        };
        ten += 9 - (parts.Length > 1 ? parts[1].Length : 0);
        digits <<= two;
        var nanos = ten >= 0 ? digits * BigInteger.Pow(10, ten) : CeilingDivide(digits, BigInteger.Pow(10, -ten));
        if (nanos > (BigInteger)(Quantity.Max * (1L << 30)) * 1_000_000_000) return null;
        var value = (decimal)nanos / 1_000_000_000;
        return text.StartsWith('-') ? -value : value;
    }

    private static BigInteger CeilingDivide(BigInteger number, BigInteger by) => (number + by - 1) / by;
}
