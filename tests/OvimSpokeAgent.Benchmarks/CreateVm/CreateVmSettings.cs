namespace OvimSpokeAgent.Benchmarks.CreateVm;

/// <summary>What the command line asks for.</summary>
internal sealed record CreateVmSettings
{
    /// <summary>How many operations the hub hands out at once, in each round.</summary>
    public required int Operations { get; init; }

    /// <summary>How many it hands out one at a time.</summary>
    public required int Single { get; init; }

    /// <summary>How many fresh processes are started for the first answer of each.</summary>
    public required int Processes { get; init; }

    /// <summary>How often agent and raw client are measured, one after the other: other load on the machine meets both.</summary>
    public required int Rounds { get; init; }
}
