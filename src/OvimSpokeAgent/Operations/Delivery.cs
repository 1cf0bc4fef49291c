namespace OvimSpokeAgent.Operations;

/// <summary>A result on its way to the hub.</summary>
internal sealed class Delivery(JournalRecord record)
{
    public JournalRecord Record { get; } = record;

    public string Id => Record.Operation.Id;

    /// <summary>Its place in the order of arrival.</summary>
    public (long Sequence, string Key) Order => (Record.Sequence, Record.Key.Value);

    /// <summary>The hub does not take it although it takes others.</summary>
    public bool IsRefused { get; set; }

    /// <summary>Since when it fails; from when it <see cref="IsRefused"/> on, since that; null: it did not fail.</summary>
    public TimeSpan? FailingSince { get; set; }

    /// <summary>Its last attempt failed, and nothing tells yet whether it is this result or the hub.</summary>
    public bool IsSuspended { get; set; }

    /// <summary>When the last attempt ended, if it failed.</summary>
    public TimeSpan FailedAt { get; set; }

    /// <summary>When the next attempt is due, where it is not due at once.</summary>
    public TimeSpan NotBefore { get; set; }

    /// <summary>When the last attempt began.</summary>
    public TimeSpan StartedAt { get; set; }

    /// <summary>The last attempt is made to see whether the hub takes results again.</summary>
    public bool IsProbe { get; set; }

    /// <summary>Ends the attempt under way.</summary>
    public Action GiveUp { get; set; } = () => { };
}
