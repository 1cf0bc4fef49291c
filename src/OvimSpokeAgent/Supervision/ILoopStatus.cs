namespace OvimSpokeAgent.Supervision;

/// <summary>What a loop's supervisor knows.</summary>
internal interface ILoopStatus
{
    /// <summary>How long failures count that only a new process may mend.</summary>
    static readonly TimeSpan RestartPeriod = TimeSpan.FromMinutes(10);

    string Name { get; }

    /// <summary>How often the loop failed since the start.</summary>
    int Failures { get; }

    /// <summary>Those of the last <see cref="RestartPeriod"/> that neither the hub nor the API server caused.</summary>
    int OwnFailures { get; }

    /// <summary>How long a turn of it makes no progress; see <see cref="LoopTurn"/>.</summary>
    TimeSpan StandsStillFor { get; }

    /// <summary>The last failure, while it is less than a minute old.</summary>
    LoopFailure? RecentFailure { get; }
}
