using System.Collections.Concurrent;
using System.Net;
using KubernetesSandbox;

namespace OvimSpokeAgent.Sandbox.Hub;

/// <summary>Asks the agents that the hub can reach whether they are alive, as both hubs do once a minute.</summary>
internal sealed class AgentProbes : IAsyncDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly HttpClient _http = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseProxy = false }) { Timeout = Patience };
    private readonly ConcurrentDictionary<Uri, bool> _isAlive = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _loop;

    /// <param name="agents">The bases of the agents' endpoints.</param>
    /// <param name="changed">Set after each round.</param>
    /// <param name="time">The clock.</param>
    public AgentProbes(Func<IEnumerable<Uri>> agents, ChangeSignal changed, TimeProvider time) =>
        _loop = RunAsync(agents, changed, time);

    /// <summary>Whether the agent there answered the last time; null: it was not asked.</summary>
    public bool? IsAlive(Uri? agent) => agent is not null && _isAlive.TryGetValue(agent, out var isAlive) ? isAlive : null;

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _loop;
        _http.Dispose();
        _stop.Dispose();
    }

    private async Task RunAsync(Func<IEnumerable<Uri>> agents, ChangeSignal changed, TimeProvider time)
    {
        using var timer = new PeriodicTimer(Interval, time);
        try
        {
            while (await timer.WaitForNextTickAsync(_stop.Token))
            {
                await Task.WhenAll(agents().Distinct().Select(async agent => _isAlive[agent] = await AskAsync(agent)));
                changed.Set();
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // It is over.
        }
    }

    private async Task<bool> AskAsync(Uri agent)
    {
        try
        {
            using var answer = await _http.GetAsync(OperationPush.EndpointOf(agent, "health"), _stop.Token);
            return answer.StatusCode is HttpStatusCode.OK;
        }
        catch (Exception e) when (e is HttpRequestException || (e is OperationCanceledException && !_stop.IsCancellationRequested))
        {
            return false;
        }
    }
}
