using OvimSpokeAgent.Supervision;

namespace OvimSpokeAgent.Operations;

/// <summary>What became of an operation that arrived.</summary>
/// <param name="Record">Its record.</param>
/// <param name="IsNew">The journal did not know it; else it is a repeat.</param>
/// <param name="Session">Until when this agent has to see to it; null: whoever leads finds it in the store.</param>
internal readonly record struct Reception(JournalRecord Record, bool IsNew, Term? Session);
