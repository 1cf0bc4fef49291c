using System.Runtime.InteropServices;

namespace OvimSpokeAgent.Agent;

/// <summary>
/// Lets a second SIGTERM or SIGINT end the process at once; the first one is the host's, which ends in good order. Exit
/// code as of a process that a signal ended: 128 and the signal's number.
/// </summary>
internal sealed class ForcedExit : IDisposable
{
    private readonly PosixSignalRegistration _terminate;
    private readonly PosixSignalRegistration _interrupt;
    private int _signals;

    public ForcedExit()
    {
        _terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, _ => Count(15));
        _interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, _ => Count(2));
    }

    public void Dispose()
    {
        _terminate.Dispose();
        _interrupt.Dispose();
    }

    private void Count(int number)
    {
        if (Interlocked.Increment(ref _signals) > 1) Environment.Exit(128 + number);
    }
}
