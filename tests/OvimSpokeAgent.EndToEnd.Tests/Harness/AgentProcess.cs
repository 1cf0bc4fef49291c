using System.Collections.Concurrent;
using System.Diagnostics;
using System.Runtime.InteropServices;

namespace OvimSpokeAgent.EndToEnd.Tests.Harness;

/// <summary>The built agent as a process of its own, told nothing but <c>OVIM_*</c> variables.</summary>
internal sealed partial class AgentProcess : IAsyncDisposable
{
    private const int SigTerm = 15;

    private readonly Process _process;
    private readonly ConcurrentQueue<string> _output = new();

    private AgentProcess(Process process) => _process = process;

    /// <summary>What it wrote so far: log and errors.</summary>
    public string Output => string.Join('\n', _output);

    public static AgentProcess Start(IReadOnlyDictionary<string, string> variables)
    {
        var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "OvimSpokeAgent.dll")])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var inherited in start.Environment.Keys.Where(IsForTheAgent).ToList()) start.Environment.Remove(inherited);
        foreach (var (name, value) in variables) start.Environment[name] = value;
        var agent = new AgentProcess(Process.Start(start)!);
        agent._process.OutputDataReceived += agent.OnOutput;
        agent._process.ErrorDataReceived += agent.OnOutput;
        agent._process.BeginOutputReadLine();
        agent._process.BeginErrorReadLine();
        return agent;
    }

    /// <summary>Asks it to end, as the kubelet does.</summary>
    public void Terminate()
    {
        if (Kill(_process.Id, SigTerm) != 0)
            throw new InvalidOperationException($"the agent cannot be signalled: error {Marshal.GetLastPInvokeError()}");
    }

    /// <summary>Waits for its end; returns the exit code.</summary>
    public async Task<int> ExitAsync()
    {
        using var limit = new CancellationTokenSource(JsonApi.Patience);
        await _process.WaitForExitAsync(limit.Token);
        return _process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited) _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    private static bool IsForTheAgent(string variable) =>
        variable == "KUBECONFIG" || variable.StartsWith("OVIM_", StringComparison.Ordinal);

    private void OnOutput(object sender, DataReceivedEventArgs e)
    {
        if (e.Data is not null) _output.Enqueue(e.Data);
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Kill(int pid, int signal);
}
