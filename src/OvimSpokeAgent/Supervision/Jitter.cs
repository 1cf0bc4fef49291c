namespace OvimSpokeAgent.Supervision;

/// <summary>A number from 0 (included) to 1 (excluded) that spreads waits; tests make it repeatable.</summary>
internal delegate double Jitter();
