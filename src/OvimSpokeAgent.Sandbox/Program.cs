using System.Runtime.InteropServices;
using OvimSpokeAgent.Sandbox.Tour;

using var stop = new CancellationTokenSource();
using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
return await SandboxCommand.RunAsync(args, Console.Out, Console.Error, stop.Token);

// The first signal ends it in order, the second at once.
void Stop(PosixSignalContext signal)
{
    signal.Cancel = true;
    if (stop.IsCancellationRequested) Environment.Exit(128 + (signal.Signal is PosixSignal.SIGINT ? 2 : 15));
    stop.Cancel();
}
