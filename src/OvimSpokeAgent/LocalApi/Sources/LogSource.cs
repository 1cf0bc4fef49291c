using OvimSpokeAgent.Hub;
using OvimSpokeAgent.Logging;

namespace OvimSpokeAgent.LocalApi;

/// <summary>Reads <see cref="LogDocument"/>.</summary>
internal sealed class LogSource(LogRing ring, HubCredentials credentials)
{
    /// <summary>The lines after one.</summary>
    /// <param name="after">Its number; 0: all that are kept.</param>
    public LogDocument Read(long after = 0)
    {
        var lines = ring.After(after);
        // The log never has it. Should a line ever be made that does, it does not leave by this door.
        return new LogDocument(lines is [.., var last] ? last.Number : after, [.. lines.Select(line => line with { Message = credentials.WithoutToken(line.Message) })]);
    }
}
