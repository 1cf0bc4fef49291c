namespace OvimSpokeAgent.Capacity;

/// <summary>What came of asking metrics.k8s.io.</summary>
internal enum UsageState
{
    /// <summary>It was not asked yet, or another agent asks.</summary>
    Unasked,

    Measured,

    /// <summary>The cluster does not have it.</summary>
    Absent,

    /// <summary>It does not answer, or not this agent, or nothing that can be read.</summary>
    Failing,
}

/// <summary>Where measuring stands.</summary>
/// <param name="State">What came of it last.</param>
/// <param name="Sample">What was measured last; null: nothing.</param>
/// <param name="Problem">Why nothing was measured last; null: it was.</param>
internal sealed record UsageStatus(UsageState State, UsageSample? Sample, string? Problem)
{
    public static readonly UsageStatus Unasked = new(UsageState.Unasked, null, null);
}
