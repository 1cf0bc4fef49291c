using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using OvimSpokeAgent.Supervision;

namespace OvimSpokeAgent.EndToEnd.Tests.Harness;

/// <summary>
/// The built agent as a process of its own, as a pod runs it, told nothing but environment variables; all it writes is kept. It is the
/// program that <c>OVIM_E2E_AGENT</c> names; without that the copy that <c>AgentUnderTest.targets</c> compiles, which starts sooner than
/// the plain build.
/// </summary>
internal sealed partial class AgentProcess : IAsyncDisposable
{
    private const string Program = "OVIM_E2E_AGENT";
    private const string Port = "OVIM_HTTP_PORT";
    private const string LocalPort = "OVIM_DEBUG_PORT";
    private const string TcpListen = "0A"; // TCP_LISTEN in /proc/net/tcp
    private const int SigTerm = 15;
    private const int SigContinue = 18;
    private const int SigStop = 19;

    private static readonly string[]? Given = GivenProgram();
    private static readonly string[] Compiled = Given ?? Build(Path.Combine(AppContext.BaseDirectory, "agent-ready-to-run"));
    private static readonly string[] Plain = Given ?? Build(AppContext.BaseDirectory);

    private static int _lastPort = 20_000 + (Environment.ProcessId % 10_000);

    private readonly Process _process;
    private readonly ConcurrentQueue<string> _output = new();
    private readonly ConcurrentQueue<string> _errors = new();
    private readonly AsyncSignal _changed = new();

    private AgentProcess(ProcessStartInfo start, Uri url, Uri localUrl)
    {
        (_process, Url, LocalUrl) = (new Process { StartInfo = start }, url, localUrl);
        _process.OutputDataReceived += (_, line) => Wrote(line.Data);
        _process.ErrorDataReceived += (_, line) =>
        {
            if (line.Data is not null) _errors.Enqueue(line.Data);
            Wrote(line.Data);
        };
        _process.Start();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    /// <summary>Where its endpoints are, if the variables do not say otherwise.</summary>
    public Uri Url { get; }

    /// <summary>Where its status page is, in the same way.</summary>
    public Uri LocalUrl { get; }

    /// <summary>What it has used of the CPU so far.</summary>
    public TimeSpan CpuTime
    {
        get
        {
            _process.Refresh();
            return _process.TotalProcessorTime;
        }
    }

    /// <summary>What it wrote so far: log and errors.</summary>
    public string Output => string.Join('\n', _output);

    /// <summary>The lines of it that went to stderr.</summary>
    public IReadOnlyCollection<string> Errors => _errors;

    public static AgentProcess Start(params (string Name, string Value)[] variables) =>
        Start(variables.ToDictionary(variable => variable.Name, variable => variable.Value));

    /// <summary>Starts it; where the variables leave the port to chance, it gets one that is free.</summary>
    public static AgentProcess Start(IReadOnlyDictionary<string, string> variables, params string[] arguments) =>
        StartBehind([], variables, arguments);

    /// <summary>
    /// The same with nothing compiled beforehand, unless <c>OVIM_E2E_AGENT</c> is set: what it uses of the CPU is no less than what the
    /// deployed program does.
    /// </summary>
    public static AgentProcess StartPlain(IReadOnlyDictionary<string, string> variables) => Start(Plain, "", variables, []);

    /// <summary>The same with a working directory.</summary>
    public static AgentProcess StartIn(
        string workingDirectory, IReadOnlyDictionary<string, string> variables, params string[] arguments) =>
        Start(Compiled, workingDirectory, variables, arguments);

    /// <summary>The same, by a command that runs what follows it in its own place, as <c>unshare</c> does.</summary>
    public static AgentProcess StartBehind(
        IReadOnlyList<string> command, IReadOnlyDictionary<string, string> variables, params string[] arguments) =>
        Start([.. command, .. Compiled], "", variables, arguments);

    private static AgentProcess Start(
        IReadOnlyList<string> command, string workingDirectory, IReadOnlyDictionary<string, string> variables, string[] arguments)
    {
        string[] all = [.. command, .. arguments];
        var start = new ProcessStartInfo(all[0], all[1..])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = workingDirectory,
        };
        foreach (var inherited in start.Environment.Keys.Where(IsForTheAgent).ToList()) start.Environment.Remove(inherited);
        start.Environment["OVIM_HTTP_ADDRESS"] = "127.0.0.1";
        foreach (var (name, value) in variables) start.Environment[name] = value;
        var (port, localPort) = (FreePort(), FreePort());
        if (variables.GetValueOrDefault(Port, "0") == "0") start.Environment[Port] = $"{port}";
        if (variables.GetValueOrDefault(LocalPort, "0") == "0") start.Environment[LocalPort] = $"{localPort}";
        return new AgentProcess(start, new Uri($"http://127.0.0.1:{port}"), new Uri($"http://127.0.0.1:{localPort}"));
    }

    /// <summary>Waits until it wrote a text, at least so many times.</summary>
    public async Task WroteAsync(string text, int times = 1)
    {
        using var patience = new CancellationTokenSource(JsonApi.Patience);
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
    public Task IsReadyAsync() => AnswersAsync("health/ready");

    /// <summary>The same until it is live.</summary>
    public Task IsLiveAsync() => AnswersAsync("health/live");

    /// <summary>The answer of one of its endpoints.</summary>
    public async Task<string> GetAsync(string path)
    {
        using var http = new HttpClient { BaseAddress = Url };
        return await http.GetStringAsync(new Uri(path, UriKind.Relative));
    }

    /// <summary>What its file descriptors are, as <c>/proc</c> says it: paths, <c>socket:[…]</c>, <c>anon_inode:…</c>.</summary>
    public IReadOnlyList<string> OpenFiles() =>
        [.. new DirectoryInfo($"/proc/{_process.Id}/fd").GetFiles().Select(file => file.LinkTarget ?? "")];

    /// <summary>The TCP ports on which it listens, with either family.</summary>
    public IReadOnlyList<int> ListeningPorts() => [.. ListeningEndpoints().Select(at => at.Port)];

    /// <summary>The same with the addresses.</summary>
    public IReadOnlyList<IPEndPoint> ListeningEndpoints()
    {
        var files = OpenFiles().ToHashSet();
        return
        [
            .. from table in (string[])["tcp", "tcp6"]
               from line in File.ReadLines($"/proc/{_process.Id}/net/{table}").Skip(1)
               let fields = line.Split(' ', StringSplitOptions.RemoveEmptyEntries)
               where fields[3] == TcpListen && files.Contains($"socket:[{fields[9]}]")
               let at = fields[1].Split(':')
               select new IPEndPoint(AddressOf(at[0]), Convert.ToInt32(at[1], fromBase: 16)),
        ];
    }

    // The kernel prints an address as words of 32 bits in the machine's order.
    private static IPAddress AddressOf(string hex) =>
        new([.. Convert.FromHexString(hex).Chunk(4).SelectMany(word => BitConverter.IsLittleEndian ? word.Reverse() : word)]);

    /// <summary>Asks it to end, as the kubelet does.</summary>
    public void Terminate() => Signal(SigTerm);

    /// <summary>Lets it stand still, as a machine does that is moved or starved.</summary>
    public void Pause() => Signal(SigStop);

    public void Resume() => Signal(SigContinue);

    /// <summary>Waits for its end; returns the exit code.</summary>
    public async Task<int> ExitAsync()
    {
        using var limit = new CancellationTokenSource(JsonApi.Patience);
        await _process.WaitForExitAsync(limit.Token);
        return _process.ExitCode;
    }

    /// <summary>Ends it as the kubelet does; returns its exit code.</summary>
    public Task<int> TerminateAsync()
    {
        Terminate();
        return ExitAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited) _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
        SeededSecrets.AreNotIn("what the agent wrote", Output);
    }

    private async Task AnswersAsync(string path)
    {
        using var patience = new CancellationTokenSource(JsonApi.Patience);
        using var http = new HttpClient { BaseAddress = Url };
        using var probes = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
        while (!await IsOkAsync(http, path) && !_process.HasExited) await probes.WaitForNextTickAsync(patience.Token);
        if (_process.HasExited) throw new InvalidOperationException($"the agent ended:\n{Output}");
    }

    private void Signal(int signal)
    {
        if (Kill(_process.Id, signal) != 0)
            throw new InvalidOperationException($"the agent cannot be signalled: error {Marshal.GetLastPInvokeError()}");
    }

    private static string[] Build(string folder) => ["dotnet", Path.Combine(folder, "OvimSpokeAgent.dll")];

    private static string[]? GivenProgram() => Environment.GetEnvironmentVariable(Program) switch
    {
        null or "" => null,
        var path when File.Exists(path) => [Path.GetFullPath(path)],
        var path => throw new InvalidOperationException($"{Program}: {path} is not there, expected the path of the published agent"),
    };

    private static bool IsForTheAgent(string variable) =>
        variable == "KUBECONFIG" || variable.StartsWith("OVIM_", StringComparison.Ordinal);

    // Each port once, and below those that the system gives to connections: nobody takes it before the agent does.
    private static int FreePort()
    {
        while (true)
        {
            var port = Interlocked.Increment(ref _lastPort);
            try
            {
                using var listener = new TcpListener(IPAddress.Loopback, port);
                listener.Start();
                return port;
            }
            catch (SocketException e) when (e.SocketErrorCode is SocketError.AddressAlreadyInUse)
            {
                // Something else listens there.
            }
        }
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

    private void Wrote(string? line)
    {
        if (line is null) return;
        _output.Enqueue(line);
        _changed.Set();
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Kill(int pid, int signal);
}
