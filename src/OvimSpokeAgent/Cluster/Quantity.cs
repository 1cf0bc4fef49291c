using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using k8s.Models;

namespace OvimSpokeAgent.Cluster;

/// <summary>A Kubernetes resource quantity (<c>500m</c>, <c>2</c>, <c>4Gi</c>): its text and its value.</summary>
internal readonly record struct Quantity
{
    private Quantity(string text, decimal value) => (Text, Value) = (text, value);

    /// <summary>More cores, or GiB, than anything has; keeps sums of bytes within 64 bits.</summary>
    public const decimal Max = 1_000_000_000;

    /// <summary>The quantity as it was written.</summary>
    public string Text { get; }

    /// <summary>Cores, or bytes.</summary>
    public decimal Value { get; }

    /// <summary>Parses with the library's own rules; false for anything Kubernetes would refuse.</summary>
    public static bool TryParse(string? text, [NotNullWhen(true)] out Quantity quantity)
    {
        quantity = default;
        if (string.IsNullOrWhiteSpace(text)) return false;
        try
        {
            quantity = new Quantity(text, new ResourceQuantity(text).ToDecimal());
            return quantity.Value <= Max * (1L << 30);
        }
        catch (Exception e) when (e is FormatException or ArgumentException or OverflowException)
        {
            return false; // the library has no TryParse
        }
    }

    /// <summary>A number of whole units, e.g. <c>OfUnit(4, "Gi")</c>.</summary>
    public static Quantity OfUnit(decimal number, string unit)
    {
        var text = number.ToString("0.############################", CultureInfo.InvariantCulture) + unit;
        return TryParse(text, out var quantity)
            ? quantity
            : throw new ArgumentException($"{text} is no quantity", nameof(number));
    }

    public override string ToString() => Text;
}
