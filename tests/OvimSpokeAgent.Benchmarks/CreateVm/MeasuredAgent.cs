using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using OvimSpokeAgent.Agent;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Hub;
using OvimSpokeAgent.Operations;
using OvimSpokeAgent.Sandbox.Hub;
using OvimSpokeAgent.Sandbox.Tour;

namespace OvimSpokeAgent.Benchmarks.CreateVm;

/// <summary>
/// A hub and an agent in this process. The agent has its default settings but for polls, which are as quick as can be set,
/// and logs into a file.
/// </summary>
internal sealed class MeasuredAgent : IAsyncDisposable
{
    /// <summary>The id under which the hub queues its work.</summary>
    public const string Id = $"spoke-agent-{Zone}";

    private const string Zone = "benchmark";

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    private readonly string _logPath = Path.Combine(Path.GetTempPath(), $"ovim-benchmark-{Environment.ProcessId}.log");
    private readonly SandboxHub _hub;
    private readonly Workplace _place;
    private readonly AgentLog _log;
    private readonly WebApplication _host;

    [SuppressMessage("Reliability", "CA2000", Justification = "The host owns its handlers.")]
    private MeasuredAgent(SandboxHub hub, Workplace place)
    {
        (_hub, _place) = (hub, place);
        _log = AgentLog.Into(_logPath);
        _host = AgentHost.Build(Variables(hub, place), services =>
        {
            services.AddSingleton<ClusterHandlerFactory>(Writes.CreateHandler);
            services.AddHttpClient(nameof(HubCaller)).AddHttpMessageHandler(Polls.CreateHandler);
            services.AddSingleton<OperationIntake>();
            services.AddSingleton(provider => Polls.Before(provider.GetRequiredService<OperationIntake>()));
        });
    }

    public WriteRecorder Writes { get; } = new();

    public PollClock Polls { get; } = new();

    public static async Task<MeasuredAgent> StartAsync(Workplace place, CancellationToken cancellationToken)
    {
        var agent = new MeasuredAgent(await SandboxHub.StartAsync(cancellationToken: cancellationToken), place);
        try
        {
            await agent._host.StartAsync(cancellationToken);
            return agent;
        }
        catch
        {
            await agent.DisposeAsync();
            throw;
        }
    }

    /// <summary>Has VMs created, all at once; returns when the hub has the last result.</summary>
    /// <returns>The ids of the operations.</returns>
    /// <exception cref="BenchmarkException">One failed, or they took too long.</exception>
    public async Task<IReadOnlyList<string>> CreateVmsAsync(int count, CancellationToken cancellationToken)
    {
        var before = _hub.Results.Count;
        string[] ids = [.. Enumerable.Range(0, count).Select(_ => $"op-{Guid.NewGuid():N}")];
        foreach (var id in ids) _hub.Queue(Id, "create_vm", Payload(id, _place), id);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Patience);
        try
        {
            await _hub.WaitForResultsAsync(results => results.Count >= before + count, limit.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw Problem($"{_hub.Results.Count - before} of {count} results came within {Patience}");
        }
        foreach (var result in _hub.Results.Skip(before))
        {
            if ((string?)result.Json["status"] != "completed") throw Problem($"an operation did not succeed: {result.Body}");
        }
        return ids;
    }

    /// <summary>Completes when the journal says of all results that the hub has them.</summary>
    public Task SettledAsync(CancellationToken cancellationToken) =>
        _host.Services.GetRequiredService<ResultDelivery>().WhenEmptyAsync(cancellationToken);

    /// <summary>
    /// For each operation that was stored, how long the agent had it only in memory: until the first write that holds it.
    /// One that came together with others is written again, into a record of its own.
    /// </summary>
    public IReadOnlyList<TimeSpan> WindowsOf(Recording recording) =>
    [
        .. from write in recording.Writes
           where write.Method == HttpMethod.Post && _place.IsInJournal(write)
           from id in JournalContent.IdsIn(JsonNode.Parse(write.Body)!)
           group write.AnsweredAt by id into answers
           select Stopwatch.GetElapsedTime(Polls.ArrivalOf(answers.Key), answers.Min()),
    ];

    public async ValueTask DisposeAsync()
    {
        await _host.StopAsync();
        await _host.DisposeAsync();
        await _hub.DisposeAsync();
        _log.Dispose();
        File.Delete(_logPath);
    }

    /// <summary>Its settings.</summary>
    public static Dictionary<string, string> Variables(SandboxHub hub, Workplace place) => new()
    {
        ["OVIM_CLUSTER_ID"] = Zone,
        ["OVIM_HUB_ENDPOINT"] = hub.Url.ToString(),
        ["OVIM_HUB_TOKEN"] = hub.Token,
        ["OVIM_HUB_POLL_INTERVAL"] = "100ms",
        ["OVIM_NAMESPACE"] = place.Own,
        ["OVIM_KUBECONFIG"] = place.Kubeconfig,
        ["OVIM_HTTP_ADDRESS"] = "127.0.0.1",
        ["OVIM_HTTP_PORT"] = "0",
        ["OVIM_DEBUG_PORT"] = "0",
    };

    /// <summary>The payload of a <c>create_vm</c>.</summary>
    public static JsonObject Payload(string id, Workplace place) => new()
    {
        ["name"] = $"vm-{id[3..]}",
        ["namespace"] = place.Machines,
        ["image_url"] = "quay.io/containerdisks/fedora:latest",
        ["cpu"] = 2,
        ["memory"] = "4Gi",
        ["cloud_init"] = "#cloud-config\nusers:\n- name: ops\n",
        ["labels"] = new JsonObject { ["tier"] = "front" },
    };

    private static BenchmarkException Problem(string message) => new(message);
}
