using System.Globalization;
using System.Text.Json.Nodes;
using OvimSpokeAgent.Sandbox.Hub;

namespace OvimSpokeAgent.EndToEnd.Tests.Harness;

/// <summary>The agent as a process of its own between the sandbox's hub and cluster.</summary>
internal sealed class ProcessWorld : IAsyncDisposable
{
    private readonly (string Name, string Value)[] _settings;
    private AgentProcess? _agent;

    private ProcessWorld(TestEnvironment environment, (string Name, string Value)[] settings) =>
        (Environment, _settings) = (environment, settings);

    public TestEnvironment Environment { get; }

    public SandboxHub Hub => Environment.Hub;

    public AgentProcess Agent => _agent ?? throw new InvalidOperationException("the agent is not started");

    public string AgentId => $"spoke-agent-{Environment.AgentNamespace}";

    /// <summary>Starts all of it, and waits for the agent's first report.</summary>
    public static async Task<ProcessWorld> StartAsync(params (string Name, string Value)[] settings)
    {
        var world = await BuildAsync(settings);
        try
        {
            await world.StartAgentAsync();
            return world;
        }
        catch
        {
            await world.DisposeAsync();
            throw;
        }
    }

    /// <summary>The same without an agent.</summary>
    public static Task<ProcessWorld> BuildAsync(params (string Name, string Value)[] settings) => BuildAsync(null, settings);

    /// <summary>The same with a hub as it is told.</summary>
    public static async Task<ProcessWorld> BuildAsync(SandboxHubOptions? hub, params (string Name, string Value)[] settings) => new(
        await TestEnvironment.StartAsync(await SandboxTestCluster.StartAsync(hasController: false), ownsCluster: true, hub), settings);

    /// <summary>Starts the agent, and waits for a report of it.</summary>
    public async Task StartAgentAsync()
    {
        StartAgent();
        var now = DateTimeOffset.UtcNow;
        await ReportsAsync(report => report.ReceivedAt > now);
    }

    /// <summary>Starts the agent.</summary>
    public void StartAgent(params (string Name, string Value)[] more) => _agent = AgentProcess.Start(Variables(more));

    /// <summary>The same: see <see cref="AgentProcess.StartPlain"/>.</summary>
    public void StartPlainAgent() => _agent = AgentProcess.StartPlain(Variables([]));

    /// <summary>Ends the agent in good order and starts another.</summary>
    public async Task RestartAgentAsync()
    {
        await Agent.TerminateAsync();
        await Agent.DisposeAsync();
        await StartAgentAsync();
    }

    /// <summary>Queues operations that are done, with a result that is stored, as soon as they arrive: of no known type.</summary>
    public void Queue(IEnumerable<string> ids)
    {
        foreach (var id in ids) Hub.Queue(AgentId, "make_tea", [], id);
    }

    /// <summary>Waits for a report that satisfies a condition.</summary>
    public async Task<ReceivedReport> ReportsAsync(Func<ReceivedReport, bool> condition)
    {
        using var patience = new CancellationTokenSource(JsonApi.Patience);
        try
        {
            return await Hub.ReportAsync(condition, patience.Token);
        }
        catch (OperationCanceledException)
        {
            throw new TimeoutException($"the last report: {(Hub.Reports.Count > 0 ? Hub.Reports[^1].Json : null)}\n{Agent.Output}");
        }
    }

    /// <summary>Waits until the results so far satisfy a condition.</summary>
    public async Task ResultsAsync(Func<IReadOnlyList<ReceivedResult>, bool> condition)
    {
        using var patience = new CancellationTokenSource(JsonApi.Patience);
        try
        {
            await Hub.WaitForResultsAsync(condition, patience.Token);
        }
        catch (OperationCanceledException)
        {
            throw new TimeoutException($"{Hub.Results.Count} results so far\n{Agent.Output}");
        }
    }

    /// <summary>Waits until a component of the agent's health says this.</summary>
    public Task SaysAsync(string component, string message) => AsksAsync("health/status", text =>
        JsonNode.Parse(text)!["components"]![component]!["message"]!.ToString().Contains(message, StringComparison.Ordinal));

    /// <summary>Waits until a metric, with its labels, has at least a value.</summary>
    public Task CountsAsync(string metric, double least) => AsksAsync("metrics", text => ValueOf(metric, text) >= least);

    /// <summary>A metric's value, with its labels; 0 if there is none.</summary>
    public async Task<double> MetricAsync(string metric) => ValueOf(metric, await Agent.GetAsync("metrics"));

    /// <summary>Asks one of the agent's endpoints until the answer satisfies a condition.</summary>
    public async Task AsksAsync(string path, Func<string, bool> isAsWanted)
    {
        using var tick = new PeriodicTimer(TimeSpan.FromMilliseconds(200));
        using var patience = new CancellationTokenSource(3 * JsonApi.Patience);
        string text;
        while (!isAsWanted(text = await Agent.GetAsync(path)))
        {
            if (patience.IsCancellationRequested) throw new TimeoutException($"{path}: {text}\n{Agent.Output}");
            await tick.WaitForNextTickAsync();
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_agent is not null) await _agent.DisposeAsync();
        await Environment.DisposeAsync();
    }

    private Dictionary<string, string> Variables((string Name, string Value)[] more)
    {
        var variables = Environment.Variables();
        foreach (var (name, value) in _settings.Concat(more)) variables[name] = value;
        return variables;
    }

    private static double ValueOf(string metric, string text) => text.Split('\n')
        .Where(line => line.StartsWith(metric + " ", StringComparison.Ordinal))
        .Select(line => double.Parse(line.Split(' ')[^1], CultureInfo.InvariantCulture))
        .SingleOrDefault();
}
