using System.Globalization;
using System.Text.Json.Nodes;
using CsCheck;

namespace OvimSpokeAgent.EndToEnd.Tests.BlastRadius;

/// <summary>JSON texts of numbers, quantities, texts, labels and annotations as no one needs them and anyone may write them.</summary>
internal static class HostileValues
{
    private static readonly string[] OddTexts =
    [
        "", " ", "null", "-1", "../../etc", "a\nb", "\u0000", "\u202Eabc", "ünïcödé-☃", "😀😀", "e\u0301", "١٢٣", new string('x', 64), new string('é', 300), "{{.}}",
        "$(id)", "%s%n", "'; --", "<b>",
    ];

    private static readonly string[] OddQuantities =
    [
        "0", "1", "4Gi", "600Pi", "512Pi", "1Ei", "8Ei", "16Ei", "1073741824000000000", "9223372036854775807", "9223372036854775808", "1e18", "1e400",
        "-1", "-4Ti", "-500", "1n", "1u", "0.1", "1.5", ".5", "5.", "1E", "+3Gi", "four", "4 Gi", "٤Gi", "", "NaN", "1e-400",
        new string('9', 300), "0." + new string('0', 300) + "1",
    ];

    // With a meaning to the agent, to KubeVirt or to Kubernetes.
    private static readonly string[] MeaningfulKeys =
    [
        "app.kubernetes.io/managed-by", "ovim.io/vdc", "ovim.io/organization", "ovim.io/zone-id", "ovim.io/vm", "ovim.io/template", "ovim.io/created-by",
        "ovim.io/operation", "ovim.io/declared", "ovim.io/padding", "kubevirt.io/vm", "kubevirt.io/created-by", "kubernetes.io/metadata.name",
        "pod-security.kubernetes.io/enforce",
    ];

    private static readonly string[] MeaningfulValues = ["ovim-spoke-agent", "virt-controller", "privileged", "true", "", "vdc-quota"];

    private static readonly Gen<string> Plain =
        Gen.Select(Gen.Char['a', 'z'], Gen.String[Gen.Char["abcdefghijklmnopqrstuvwxyz0123456789-"], 0, 40], (first, rest) => $"{first}{rest}0");

    /// <summary>Any text.</summary>
    public static Gen<string> Text { get; } = Gen.Frequency(
        (4, Plain), (4, OneOf(OddTexts)), (1, Gen.Int[1_000, 60_000].Select(length => new string('h', length)))).Select(Quoted);

    /// <summary>A whole number that an <c>int64</c> of a schema takes.</summary>
    public static Gen<string> Whole { get; } = AnyWhole.Select(Shown);

    /// <summary>As <see cref="Whole"/>, in most cases one that is not negative and has 32 bits: what virt-api lets through.</summary>
    public static Gen<string> Count { get; } = Gen.Frequency(
        (6, Gen.Long[0, 16]), (4, OneOf(16383L, 134217728, int.MaxValue, uint.MaxValue)), (1, AnyWhole)).Select(Shown);

    /// <summary>A quantity, or what stands in the place of one.</summary>
    public static Gen<string> Quantity { get; } = Gen.Frequency(
        (3, Gen.Select(Gen.Int[1, 64], OneOf("", "m", "k", "M", "Mi", "Gi", "Ti"), (number, unit) => Quoted($"{number}{unit}"))),
        (5, OneOf(OddQuantities).Select(Quoted)),
        (2, Whole),
        (1, Gen.Select(Gen.ULong, OneOf("n", "m", "", "Gi", "Pi", "Ei", "e9"), (number, unit) => Quoted($"{number}{unit}"))));

    public static Gen<string> Flag { get; } = Gen.Bool.Select(flag => flag ? "true" : "false");

    /// <summary>Labels that the API server takes: a few, hundreds, or as many as there is room for.</summary>
    public static Gen<string> Labels { get; } = Gen.Frequency(
        (30, Pairs(Keys, Gen.OneOf(Plain, OneOf(MeaningfulValues)), 0, 6)),
        (3, Many(300)),
        (1, Many(2_000)));

    /// <summary>Annotations: any text, up to 100 KiB.</summary>
    public static Gen<string> Annotations { get; } = Pairs(
        Keys,
        Gen.Frequency(
            (6, OneOf(OddTexts)),
            (2, OneOf("""{"quota":{"cpu":1000}}""", "0,0", "1e28,1e28", "-5,-5", new string('[', 9_000))),
            (1, Gen.Int[1_000, 100_000].Select(length => new string('a', length)))),
        0,
        4);

    private static Gen<long> AnyWhole => Gen.Frequency(
        (4, Gen.Long[0, 16]),
        (4, OneOf(0L, -1, 16383, 134217728, int.MaxValue, uint.MaxValue, 1L << 53, long.MaxValue, long.MinValue)),
        (2, Gen.Long));

    private static Gen<string> Keys => Gen.Frequency(
        (3, OneOf(MeaningfulKeys)), (2, Plain), (1, Plain.Select(name => $"{new string('p', 60)}.example/{name}")));

    /// <summary>A JSON text.</summary>
    public static string Quoted(string text) => JsonValue.Create(text).ToJsonString();

    /// <summary>A JSON object; each field is in so many of a hundred.</summary>
    public static Gen<string> Object(params (string Name, int Percent, Gen<string> Value)[] fields) =>
        fields.Aggregate(
            Gen.Const(""),
            (all, field) => Gen.Select(
                all,
                Gen.Int[0, 99],
                field.Value,
                (before, chance, value) => chance < field.Percent ? $"{before}{(before.Length == 0 ? "" : ",")}{Quoted(field.Name)}:{value}" : before))
            .Select(all => $"{{{all}}}");

    /// <summary>One of these.</summary>
    public static Gen<T> OneOf<T>(params T[] values) => Gen.Int[0, values.Length - 1].Select(index => values[index]);

    private static Gen<string> Pairs(Gen<string> key, Gen<string> value, int least, int most) =>
        Gen.Select(key, value).Array[least, most].Select(pairs => new JsonObject(
            pairs.DistinctBy(pair => pair.Item1).Select(pair => KeyValuePair.Create(pair.Item1, (JsonNode?)pair.Item2))).ToJsonString());

    private static Gen<string> Many(int count) => Gen.Int[1, 63].Select(length => new JsonObject(
        Enumerable.Range(0, count).Select(i => KeyValuePair.Create($"k{i}", (JsonNode?)new string('v', length)))).ToJsonString());

    private static string Shown(long number) => number.ToString(CultureInfo.InvariantCulture);
}
