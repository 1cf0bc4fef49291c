namespace OvimSpokeAgent.Operations;

/// <summary>What became of an operation that the hub pushed.</summary>
internal enum IntakeOutcome
{
    /// <summary>It is stored.</summary>
    Stored,

    /// <summary>It is no operation that could be answered.</summary>
    Invalid,

    /// <summary>It cannot be stored now: the hub keeps it.</summary>
    NotNow,
}

/// <summary>
/// How operations come from the hub; results go back through <see cref="IResultChannel"/>. Decides when operations may be taken,
/// and stores them.
/// </summary>
internal interface IOperationIntake
{
    /// <summary>
    /// Completes when operations can be stored and executed. The hub forgets what it hands out, so nothing is taken before.
    /// </summary>
    Task WaitUntilReadyAsync(CancellationToken cancellationToken);

    /// <summary>Begins to take over what a poll brings.</summary>
    IPollIntake Begin();

    /// <summary>
    /// Takes over an operation that the hub pushed: <see cref="IntakeOutcome.Stored"/> only when it is stored, else the hub has it
    /// still, and the problem says why.
    /// </summary>
    Task<(IntakeOutcome Outcome, string? Problem)> AcceptPushedAsync(
        ReadOnlyMemory<byte> operation, CancellationToken cancellationToken);
}
