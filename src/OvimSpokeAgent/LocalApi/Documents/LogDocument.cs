using OvimSpokeAgent.Logging;

namespace OvimSpokeAgent.LocalApi;

/// <summary><c>/debug/log</c>: the log's newest lines, the oldest of them first.</summary>
/// <param name="Last">The number of the last line: with <c>?after=</c> it, only newer ones come.</param>
/// <param name="Lines">The lines.</param>
internal sealed record LogDocument(long Last, IReadOnlyList<LogLine> Lines);
