namespace OvimSpokeAgent.Hub;

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
