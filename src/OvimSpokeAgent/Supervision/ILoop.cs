namespace OvimSpokeAgent.Supervision;

/// <summary>A part of the agent that runs until it is stopped; the supervisor starts it again if it fails.</summary>
internal interface ILoop
{
    /// <summary>Names it in logs, metrics and health.</summary>
    string Name { get; }

    /// <summary>Runs until cancelled, or until there is nothing more to do for good.</summary>
    Task RunAsync(CancellationToken cancellationToken);
}
