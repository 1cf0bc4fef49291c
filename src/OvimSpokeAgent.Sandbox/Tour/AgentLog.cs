using System.Text;

namespace OvimSpokeAgent.Sandbox.Tour;

/// <summary>
/// Leads what the agent writes to stdout, its log, into a file, so that the tour stays readable. Until it is disposed it
/// takes all that the process writes to <see cref="Console.Out"/>.
/// </summary>
internal sealed class AgentLog : IDisposable
{
    private readonly TextWriter _before = Console.Out;
    private readonly TextWriter _file;

    private AgentLog(TextWriter file)
    {
        _file = file;
        Console.SetOut(file);
    }

    public static AgentLog Into(string path)
    {
        var stream = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.ReadWrite);
        return new AgentLog(TextWriter.Synchronized(new StreamWriter(stream, new UTF8Encoding(false)) { AutoFlush = true }));
    }

    public void Dispose()
    {
        Console.SetOut(_before);
        _file.Dispose();
    }
}
