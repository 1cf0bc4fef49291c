using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Configuration;
using OvimSpokeAgent.Leadership;
using OvimSpokeAgent.Supervision;

namespace OvimSpokeAgent.Templates;

/// <summary>Reads the stored templates when this agent begins to lead, and keeps them stored: what someone changes or removes is written anew.</summary>
internal sealed class TemplateKeeper(
    TemplateCache cache, ILeadership leadership, AgentSettings settings, Jitter jitter, TimeProvider time) : ILoop
{
    private static readonly TimeSpan LongestInterval = TimeSpan.FromMinutes(1);

    private readonly TimeSpan _interval = TimeSpans.Min(settings.Templates.SyncInterval, LongestInterval);
    private readonly Backoff _betweenTries = new(TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(1), jitter);

    public string Name => "templates";

    public Task RunAsync(CancellationToken cancellationToken) => leadership.WhileLeadingAsync(
        async token =>
        {
            while (true)
            {
                await EnsureStoredAsync(token);
                await Task.Delay(jitter.UpTo(_interval), time, token);
            }
        },
        cancellationToken);

    // What fails is in health meanwhile.
    private Task<bool> EnsureStoredAsync(CancellationToken cancellationToken) => _betweenTries.RetryAsync<bool, KubernetesApiException>(
        async token =>
        {
            using var turn = LoopTurn.Begin();
            await cache.EnsureStoredAsync(token);
            return true;
        },
        e => new ValueTask<Repeat?>(new Repeat(e.RetryAfter)),
        time,
        cancellationToken);
}
