using System.Runtime.InteropServices;

namespace OvimSpokeAgent.Sandbox;

/// <summary>
/// The signals that ask a program to end, a terminal that goes away among them: the first ends it in order, the second at once.
/// </summary>
internal sealed class StopSignals : IDisposable
{
    private static readonly (PosixSignal Signal, int Number)[] Numbers =
        [(PosixSignal.SIGHUP, 1), (PosixSignal.SIGINT, 2), (PosixSignal.SIGQUIT, 3), (PosixSignal.SIGTERM, 15)];

    private readonly CancellationTokenSource _stop = new();
    private readonly IReadOnlyList<PosixSignalRegistration> _registrations;

    public StopSignals() =>
        _registrations = [.. Numbers.Select(one => PosixSignalRegistration.Create(one.Signal, signal => Stop(signal, one.Number)))];

    /// <summary>Cancelled by the first signal.</summary>
    public CancellationToken Token => _stop.Token;

    public void Dispose()
    {
        foreach (var registration in _registrations) registration.Dispose();
        _stop.Dispose();
    }

    private void Stop(PosixSignalContext signal, int number)
    {
        signal.Cancel = true;
        if (_stop.IsCancellationRequested) Environment.Exit(128 + number);
        _stop.Cancel();
    }
}
