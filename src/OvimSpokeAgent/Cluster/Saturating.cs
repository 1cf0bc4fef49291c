namespace OvimSpokeAgent.Cluster;

/// <summary>Arithmetic over numbers that others wrote: what is beyond 64 bits stays at their end, and nothing throws.</summary>
internal static class Saturating
{
    public static long Add(long a, long b) => long.CreateSaturating((Int128)a + b);

    public static long Multiply(long a, long b) => long.CreateSaturating((Int128)a * b);

    /// <summary>The whole number at or above.</summary>
    public static long Ceiling(decimal value) => long.CreateSaturating(Math.Ceiling(value));
}
