namespace OvimSpokeAgent.Sandbox.Hub;

/// <summary>How far an operation is, as the hub can see it.</summary>
internal enum OperationStage
{
    /// <summary>Waits for the agent's poll.</summary>
    Queued,

    /// <summary>On its way by push; not accepted yet.</summary>
    Pushing,

    /// <summary>Handed out to a poll, or accepted as a push.</summary>
    Sent,

    /// <summary>No agent will get it.</summary>
    Lost,

    /// <summary>A result came.</summary>
    Answered,
}
