using System.Numerics;
using CsCheck;
using OvimSpokeAgent.Cluster;

namespace OvimSpokeAgent.Tests.Cluster;

public sealed class SaturatingTests
{
    private static readonly Gen<long> AnyLong = Gen.OneOf(
        Gen.Long, Gen.OneOf(0, 1, -1, long.MaxValue, long.MinValue, uint.MaxValue, int.MinValue, 1L << 59));

    [Fact]
    public void Sums_and_products_are_exact_or_at_the_end() => Gen.Select(AnyLong, AnyLong).Sample((a, b) =>
    {
        Assert.Equal(Clamped((BigInteger)a + b), Saturating.Add(a, b));
        Assert.Equal(Clamped((BigInteger)a * b), Saturating.Multiply(a, b));
    });

    [Theory]
    [InlineData("0.1", 1)]
    [InlineData("-0.9", 0)]
    [InlineData("9223372036854775806.5", long.MaxValue)]
    [InlineData("79228162514264337593543950335", long.MaxValue)]
    [InlineData("-79228162514264337593543950335", long.MinValue)]
    public void Whole_number_above_is_exact_or_at_the_end(string value, long expected) =>
        Assert.Equal(expected, Saturating.Ceiling(decimal.Parse(value, System.Globalization.CultureInfo.InvariantCulture)));

    private static BigInteger Clamped(BigInteger value) => BigInteger.Min(long.MaxValue, BigInteger.Max(long.MinValue, value));
}
