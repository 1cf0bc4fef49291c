using OvimSpokeAgent.Contract;

namespace OvimSpokeAgent.LocalApi;

/// <summary><c>/debug/vdcs</c>: the VDCs, as reports show them.</summary>
internal sealed record VdcsDocument
{
    /// <summary>All there are.</summary>
    public required int Count { get; init; }

    /// <summary>How many of them the filter lets through; <see cref="Vdcs"/> has the first.</summary>
    public required int Matching { get; init; }

    public required IReadOnlyList<VdcStatus> Vdcs { get; init; }
}
