namespace OvimSpokeAgent.VirtualDataCenters;

/// <summary>What a ResourceQuota allows beyond what is declared, so that it is never in the way of a VM that may run.</summary>
/// <param name="Cpu">Cores.</param>
/// <param name="Memory">Bytes.</param>
internal readonly record struct QuotaPadding(decimal Cpu, decimal Memory)
{
    public static QuotaPadding None => default;
}
