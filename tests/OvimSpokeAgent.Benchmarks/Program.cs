using OvimSpokeAgent.Benchmarks;
using OvimSpokeAgent.Sandbox;

using var signals = new StopSignals();
return await BenchmarkCommand.RunAsync(args, Console.Out, Console.Error, signals.Token);
