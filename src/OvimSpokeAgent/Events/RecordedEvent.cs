namespace OvimSpokeAgent.Events;

/// <summary>What is read of the API server's answer to an event: nothing.</summary>
internal sealed record RecordedEvent;
