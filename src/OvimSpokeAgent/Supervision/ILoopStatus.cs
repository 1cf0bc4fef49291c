namespace OvimSpokeAgent.Supervision;

/// <summary>What a loop's supervisor knows.</summary>
internal interface ILoopStatus
{
    string Name { get; }

    /// <summary>How often the loop failed since the start.</summary>
    int Failures { get; }

    /// <summary>The last failure, while it is less than a minute old.</summary>
    LoopFailure? RecentFailure { get; }
}
