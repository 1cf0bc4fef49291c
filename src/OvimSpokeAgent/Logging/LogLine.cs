namespace OvimSpokeAgent.Logging;

/// <summary>A line of the log as people read it.</summary>
/// <param name="Number">Rises by one with each line.</param>
/// <param name="At">When.</param>
/// <param name="Level">The setting's word for its severity, or <c>fatal</c>.</param>
/// <param name="Source">Who wrote it.</param>
/// <param name="Message">The message, with an exception's text after it.</param>
internal sealed record LogLine(long Number, DateTimeOffset At, string Level, string Source, string Message);
