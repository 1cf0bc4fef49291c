namespace OvimSpokeAgent.Supervision;

/// <summary>An exception whose cause is what the agent talks to; a new process would fare no better.</summary>
internal interface IOutsideFailure;
