using OvimSpokeAgent.Sandbox;
using OvimSpokeAgent.Sandbox.Tour;

using var signals = new StopSignals();
return await SandboxCommand.RunAsync(args, Console.Out, Console.Error, signals.Token);
