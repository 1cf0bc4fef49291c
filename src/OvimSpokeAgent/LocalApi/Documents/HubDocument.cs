namespace OvimSpokeAgent.LocalApi;

/// <summary><c>/debug/hub</c>: the way to the hub.</summary>
internal sealed record HubDocument
{
    public required Uri Endpoint { get; init; }

    /// <summary><c>registered</c>: it takes reports; <c>connecting</c>: it does not; <c>silent</c>: another agent reports for both.</summary>
    public required string State { get; init; }

    /// <summary>When it last took a report; absent: never.</summary>
    public DateTimeOffset? LastContact { get; init; }

    /// <summary>Whether the last call got an answer of any kind.</summary>
    public required bool Answers { get; init; }

    /// <summary>Reports in a row that it did not take.</summary>
    public required int MissedReports { get; init; }

    /// <summary>Why it did not take the last report.</summary>
    public string? Problem { get; init; }

    /// <summary>Why it gives no operations.</summary>
    public string? PollProblem { get; init; }

    /// <summary>An operation was accepted that it pushed.</summary>
    public required bool Pushes { get; init; }

    /// <summary>How many seconds its endpoints are still left alone because it asked for that; absent: none is.</summary>
    public IReadOnlyDictionary<string, double>? WaitSeconds { get; init; }

    /// <summary>Results that it has not taken yet.</summary>
    public required int UndeliveredResults { get; init; }

    /// <summary>Since when the oldest of them waits.</summary>
    public DateTimeOffset? OldestUndelivered { get; init; }

    /// <summary>Why it takes no results.</summary>
    public string? DeliveryProblem { get; init; }

    /// <summary>Tokens, certificates and CAs from files, those of the agent's own endpoints too.</summary>
    public required IReadOnlyList<CredentialDocument> Credentials { get; init; }
}

/// <summary>A credential from files; never what is in it.</summary>
/// <param name="What">What it is.</param>
/// <param name="Settings">The settings with the paths.</param>
/// <param name="ExpiresAt">When its first certificate ends; absent: it has none.</param>
/// <param name="Problem">Why the newest content is not in use.</param>
internal sealed record CredentialDocument(string What, string Settings, DateTimeOffset? ExpiresAt, string? Problem);
