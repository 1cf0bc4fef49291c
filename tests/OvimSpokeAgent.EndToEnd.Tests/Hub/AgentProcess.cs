using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using OvimSpokeAgent.Supervision;

namespace OvimSpokeAgent.EndToEnd.Tests.Hub;

/// <summary>The agent as a process of its own, as a pod runs it; all it writes is kept.</summary>
internal sealed class AgentProcess : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private readonly ConcurrentQueue<string> _output = new();
    private readonly AsyncSignal _changed = new();

    private AgentProcess(Process process, Uri url) => (_process, Url) = (process, url);

    /// <summary>Where its endpoints are.</summary>
    public Uri Url { get; }

    /// <summary>What it wrote to stdout and stderr.</summary>
    public string Output => string.Join('\n', _output);

    public static AgentProcess Start(params (string Name, string Value)[] variables) =>
        Start(variables.ToDictionary(variable => variable.Name, variable => variable.Value));

    /// <summary>The same; it gets a free port, whatever the variables say.</summary>
    public static AgentProcess Start(IReadOnlyDictionary<string, string> variables)
    {
        var port = FreePort();
        var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "OvimSpokeAgent.dll")])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var name in start.Environment.Keys.Where(name => name.StartsWith("OVIM_", StringComparison.Ordinal)).ToList())
            start.Environment.Remove(name);
        foreach (var (name, value) in variables) start.Environment[name] = value;
        start.Environment["OVIM_HTTP_ADDRESS"] = "127.0.0.1";
        start.Environment["OVIM_HTTP_PORT"] = $"{port}";
        var agent = new AgentProcess(new Process { StartInfo = start }, new Uri($"http://127.0.0.1:{port}"));
        agent._process.OutputDataReceived += (_, line) => agent.Wrote(line.Data);
        agent._process.ErrorDataReceived += (_, line) => agent.Wrote(line.Data);
        agent._process.Start();
        agent._process.BeginOutputReadLine();
        agent._process.BeginErrorReadLine();
        return agent;
    }

    /// <summary>Waits until it wrote a text, at least so many times.</summary>
    public async Task WroteAsync(string text, int times = 1)
    {
        using var patience = new CancellationTokenSource(Patience);
        while (true)
        {
            var changed = _changed.Next;
            if (_output.Count(line => line.Contains(text, StringComparison.Ordinal)) >= times) return;
            try
            {
                await changed.WaitAsync(patience.Token);
            }
            catch (OperationCanceledException)
            {
                throw new TimeoutException($"it did not write \"{text}\" {times} times but:\n{Output}");
            }
        }
    }

    /// <summary>Waits until it is ready; asks again and again, as the kubelet does.</summary>
    public async Task IsReadyAsync()
    {
        using var patience = new CancellationTokenSource(Patience);
        using var http = new HttpClient { BaseAddress = Url };
        using var probes = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
        while (!await IsOkAsync(http, "health/ready") && !_process.HasExited) await probes.WaitForNextTickAsync(patience.Token);
        if (_process.HasExited) throw new InvalidOperationException($"the agent ended:\n{Output}");
    }

    private static async Task<bool> IsOkAsync(HttpClient http, string path)
    {
        try
        {
            using var answer = await http.GetAsync(new Uri(path, UriKind.Relative));
            return answer.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false; // it does not listen yet
        }
    }

    /// <summary>The answer of one of its endpoints.</summary>
    public async Task<string> GetAsync(string path)
    {
        using var http = new HttpClient { BaseAddress = Url };
        return await http.GetStringAsync(new Uri(path, UriKind.Relative));
    }

    /// <summary>Ends it as the kubelet does; returns its exit code.</summary>
    public async Task<int> TerminateAsync()
    {
        using var kill = Process.Start("kill", ["-TERM", $"{_process.Id}"]);
        await _process.WaitForExitAsync().WaitAsync(Patience);
        return _process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited) _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private void Wrote(string? line)
    {
        if (line is null) return;
        _output.Enqueue(line);
        _changed.Set();
    }
}
