namespace OvimSpokeAgent.LocalApi;

/// <summary><c>/debug/history</c>: a sample a minute of the last hour.</summary>
/// <param name="IntervalSeconds">The time between two samples.</param>
/// <param name="Samples">The oldest first; what is counted is counted since the one before.</param>
/// <param name="Now">The minute that is not over yet.</param>
internal sealed record HistoryDocument(double IntervalSeconds, IReadOnlyList<HistorySample> Samples, HistorySample Now);

/// <summary>What one minute was like.</summary>
internal sealed record HistorySample
{
    /// <summary>Its end.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>Operations that were completed in it.</summary>
    public required int Completed { get; init; }

    /// <summary>Operations that failed in it.</summary>
    public required int Failed { get; init; }

    /// <summary>How long half of them took at most; absent: there were none.</summary>
    public double? MedianMs { get; init; }

    /// <summary>VMs at its end.</summary>
    public required IReadOnlyDictionary<string, int> VmsByStatus { get; init; }

    /// <summary>The process' resident memory at its end.</summary>
    public required long MemoryBytes { get; init; }
}
