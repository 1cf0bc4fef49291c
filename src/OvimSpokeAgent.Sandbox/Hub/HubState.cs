using System.Globalization;
using System.Text.Json.Nodes;
using KubernetesSandbox;

namespace OvimSpokeAgent.Sandbox.Hub;

/// <summary>A result as it came: the hub keeps the last of an id, tests want to see all.</summary>
/// <param name="OperationId">The id in the URL.</param>
/// <param name="Body">The body as it was sent.</param>
/// <param name="ReceivedAt">When it came.</param>
public sealed record ReceivedResult(string OperationId, string Body, DateTimeOffset ReceivedAt)
{
    /// <summary>The parsed body.</summary>
    public JsonObject Json { get; } = JsonNode.Parse(Body)!.AsObject();
}

/// <summary>A status report as it came.</summary>
/// <param name="AgentId">Its <c>agent_id</c>.</param>
/// <param name="Json">The parsed body.</param>
/// <param name="ReceivedAt">When it came.</param>
/// <param name="WasCompressed">Whether it came compressed.</param>
public sealed record ReceivedReport(string AgentId, JsonObject Json, DateTimeOffset ReceivedAt, bool WasCompressed);

/// <summary>All that the hub knows, in memory: a restart forgets it.</summary>
internal sealed class HubState(SandboxHubOptions options)
{
    private const int ReportsKept = 200;
    private static readonly TimeSpan ConnectedFor = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan FreshFor = TimeSpan.FromMinutes(5);

    private readonly Lock _lock = new();
    private readonly Dictionary<string, List<JsonNode?>> _queues = [];
    private readonly Dictionary<string, ReceivedResult> _lastResults = [];
    private readonly List<ReceivedResult> _results = [];
    private readonly Dictionary<string, ReceivedReport> _agents = [];
    private readonly Queue<ReceivedReport> _reports = new();
    private readonly Dictionary<string, Uri> _callbacks = [];
    private readonly List<LostOperation> _lost = [];

    private volatile string _token = options.Token;
    private volatile string? _templates;

    private int _connections;

    public ChangeSignal Changed { get; } = new();

    public VdcRecords Vdcs { get; } = new();

    /// <summary>What became of the newest operations.</summary>
    public OperationLog Operations { get; } = new(options.TimeProvider);

    public int Connections => Volatile.Read(ref _connections);

    public void Connected() => Interlocked.Increment(ref _connections);

    /// <summary>The bearer token that agents must show.</summary>
    public string Token
    {
        get => _token;
        set => _token = value;
    }

    /// <summary>The templates that it gives to who asks for them, as JSON; null: it has no such endpoint.</summary>
    public string? Templates
    {
        get => _templates;
        set => _templates = value;
    }

    public IReadOnlyList<ReceivedResult> Results
    {
        get
        {
            lock (_lock) return [.. _results];
        }
    }

    public IReadOnlyList<ReceivedReport> Reports
    {
        get
        {
            lock (_lock) return [.. _reports];
        }
    }

    public IReadOnlyList<ReceivedReport> Agents
    {
        get
        {
            lock (_lock) return [.. _agents.Values];
        }
    }

    public IReadOnlyList<LostOperation> Lost
    {
        get
        {
            lock (_lock) return [.. _lost];
        }
    }

    /// <summary>Where an agent said once that it can be reached: never forgotten.</summary>
    public Uri? CallbackOf(string agentId)
    {
        lock (_lock) return _callbacks.GetValueOrDefault(agentId);
    }

    /// <summary>The zone of an agent counts as connected by its last report.</summary>
    public bool IsConnected(ReceivedReport last) => AgeOf(last) <= ConnectedFor;

    /// <summary>An agent's last report is too old to be shown without a warning.</summary>
    public bool IsStale(ReceivedReport last) => AgeOf(last) > FreshFor;

    public ReceivedResult? LastResult(string id)
    {
        lock (_lock) return _lastResults.GetValueOrDefault(id);
    }

    /// <summary>Makes the hub's kind of id: a second's resolution, so that ids repeat.</summary>
    public string NewId() =>
        "op-" + options.TimeProvider.GetUtcNow().ToString("yyyyMMdd-HHmmss", CultureInfo.InvariantCulture) + "-000";

    /// <summary>As Go writes times: up to nine fractional digits.</summary>
    public string NewTimestamp()
    {
        var now = options.TimeProvider.GetUtcNow();
        return now.ToString("yyyy-MM-dd'T'HH:mm:ss.fffffff", CultureInfo.InvariantCulture) + "42Z";
    }

    public void Queue(string agentId, JsonNode? operation)
    {
        lock (_lock)
        {
            if (!_queues.TryGetValue(agentId, out var queue)) _queues[agentId] = queue = [];
            queue.Add(operation);
            Operations.Queued(agentId, operation);
        }
        Changed.Set();
    }

    public int Queued(string agentId)
    {
        lock (_lock) return _queues.GetValueOrDefault(agentId)?.Count ?? 0;
    }

    /// <summary>Hands out what is queued and forgets it.</summary>
    public IReadOnlyList<JsonNode?> Take(string agentId)
    {
        List<JsonNode?>? queue;
        lock (_lock) _queues.Remove(agentId, out queue);
        if (queue is null) return [];
        foreach (var operation in queue) Operations.Polled(operation);
        Changed.Set();
        return queue;
    }

    public void Report(JsonObject report, bool wasCompressed)
    {
        lock (_lock)
        {
            var received = new ReceivedReport((string)report["agent_id"]!, report, options.TimeProvider.GetUtcNow(), wasCompressed);
            _agents[received.AgentId] = received;
            if (Uri.TryCreate(report.Text("callback_url"), UriKind.Absolute, out var callback)) _callbacks[received.AgentId] = callback;
            _reports.Enqueue(received);
            if (_reports.Count > ReportsKept) _reports.Dequeue();
        }
        Changed.Set();
    }

    public void AddResult(string id, string body)
    {
        lock (_lock)
        {
            var result = new ReceivedResult(id, body, options.TimeProvider.GetUtcNow());
            _results.Add(result);
            _lastResults[id] = result;
            Vdcs.Take(id, result.Json);
            Operations.Answered(result);
        }
        Changed.Set();
    }

    public void Lose(JsonObject operation, string why)
    {
        lock (_lock) _lost.Add(new LostOperation(operation, why));
        Operations.Lost(operation, why);
        Changed.Set();
    }

    public void Forget()
    {
        lock (_lock)
        {
            _queues.Clear();
            _lastResults.Clear();
            _results.Clear();
            _agents.Clear();
            _reports.Clear();
            _callbacks.Clear();
            _lost.Clear();
            Vdcs.Forget();
            Operations.Forget();
            if (_templates is not null) _templates = "[]";
        }
        Changed.Set();
    }

    /// <summary>How long ago it came.</summary>
    public TimeSpan AgeOf(ReceivedReport report) => options.TimeProvider.GetUtcNow() - report.ReceivedAt;
}
