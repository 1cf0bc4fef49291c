using OvimSpokeAgent.Configuration;
using OvimSpokeAgent.Health;
using OvimSpokeAgent.Leadership;
using OvimSpokeAgent.Logging;

namespace OvimSpokeAgent.LocalApi;

/// <summary>Reads <see cref="StateDocument"/>.</summary>
internal sealed class StateSource(HealthReporter health, ILeadership leadership, LogLevelControl logLevel, AgentSettings settings, TimeProvider time)
{
    public StateDocument Read()
    {
        var changes = health.History.Changes;
        var memory = MemoryUse.OfProcess();
        return new StateDocument
        {
            AgentId = settings.AgentId,
            ClusterId = settings.ClusterId,
            ZoneId = settings.ZoneId,
            Namespace = settings.Namespace,
            Version = AgentVersion.Current,
            Now = time.GetUtcNow(),
            StartedAt = health.StartedAt,
            State = health.State.ToString(),
            Since = changes is [var last, ..] ? last.At : health.StartedAt,
            Mode = leadership.Current is not null ? "leader" : leadership.OtherLeader is not null ? "standby" : "candidate",
            Leader = leadership.Current is null ? leadership.OtherLeader : null,
            LeadershipProblem = leadership.Problem,
            Ready = health.Last is { Ready: true } && !health.IsStopping,
            Stopping = health.IsStopping,
            MemoryBytes = memory.Used,
            MemoryLimitBytes = memory.Limit,
            LogLevel = new LogLevelDocument(LogLevelNames.Of(logLevel.Current), LogLevelNames.Of(logLevel.Configured), logLevel.ReturnsAt),
            History = [.. changes.Select(change => new StateChangeDocument(change.At, change.From.ToString(), change.To.ToString(), change.Reason))],
        };
    }
}
