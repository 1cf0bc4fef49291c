using System.Globalization;

namespace OvimSpokeAgent.VirtualDataCenters;

/// <summary>What a ResourceQuota allows beyond what is declared, so that it is never in the way of a VM that may run.</summary>
/// <param name="Cpu">Cores.</param>
/// <param name="Memory">Bytes.</param>
internal readonly record struct QuotaHeadroom(decimal Cpu, decimal Memory)
{
    /// <summary>On a quota: its headroom, so that the next agent can tell that from what someone changed.</summary>
    public const string Annotation = "ovim.io/padding";

    public static QuotaHeadroom None => default;

    /// <summary>Whether it is enough where another is needed.</summary>
    public bool Covers(QuotaHeadroom needed) => Cpu >= needed.Cpu && Memory >= needed.Memory;

    /// <summary>As the annotation has it.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Cpu} {Memory}");

    /// <summary>Reads an annotation; null where there is none that is right.</summary>
    public static QuotaHeadroom? Parse(string? text) =>
        text?.Split(' ') is [var cpu, var memory] && TryParse(cpu, out var cores) && TryParse(memory, out var bytes)
            ? new QuotaHeadroom(cores, bytes)
            : null;

    // More than this the agent never writes; a quota of any declaration and it is a quantity still.
    private static bool TryParse(string text, out decimal value) =>
        decimal.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out value) && value <= long.MaxValue;
}
