namespace OvimSpokeAgent.Hub;

/// <summary>Decides when operations may be taken from the hub, and what becomes of them.</summary>
internal interface IOperationIntake
{
    /// <summary>
    /// Completes when operations can be stored and executed. The hub forgets what it hands out, so nothing is taken before.
    /// </summary>
    Task WaitUntilReadyAsync(CancellationToken cancellationToken);

    /// <summary>Begins to take over what a poll brings.</summary>
    IPollIntake Begin();

    /// <summary>
    /// Takes over an operation that the hub pushed: <see cref="PushOutcome.Accepted"/> only when it is stored, else the hub
    /// has it still, and the problem says why.
    /// </summary>
    Task<(PushOutcome Outcome, string? Problem)> AcceptPushedAsync(
        ReadOnlyMemory<byte> operation, CancellationToken cancellationToken);
}

/// <summary>Takes over what one poll brings, while it comes: it is stored in parts of many operations each.</summary>
internal interface IPollIntake
{
    /// <summary>Takes over the next operation.</summary>
    void Take(ReadOnlySpan<byte> operation);

    /// <summary>Nothing more comes; returns when all of it is stored, however long that takes.</summary>
    /// <param name="answer">What came of the poll.</param>
    Task EndAsync(PollAnswer answer);
}

/// <summary>Composes status reports from what is in memory; no request to the cluster.</summary>
internal interface IReportSource
{
    /// <summary>
    /// Completes when a report says something: an empty list of VMs before the first look at the cluster would tell the
    /// hub that there are none. Waits no longer than a heartbeat: the hub should learn that the agent is there.
    /// </summary>
    Task WaitUntilMeaningfulAsync(CancellationToken cancellationToken);

    /// <summary>Does not complete while another agent speaks to the hub.</summary>
    Task WaitUntilWantedAsync(CancellationToken cancellationToken);

    Contract.StatusReport Compose();

    /// <summary>The hub took this report.</summary>
    void Delivered(Contract.StatusReport report);
}
