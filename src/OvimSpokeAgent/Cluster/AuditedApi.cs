using OvimSpokeAgent.Configuration;
using OvimSpokeAgent.Supervision;

namespace OvimSpokeAgent.Cluster;

/// <summary>
/// Writes the audit log: a line for every change that is asked of the cluster. It names the object and what came of it, never a value.
/// What the agent keeps for itself is no change of the cluster: its journal and its Lease, events, questions.
/// </summary>
internal sealed partial class AuditedApi(IKubernetesApi api, AgentSettings settings, TimeProvider time, ILoggerFactory loggers) : ForwardingApi(api)
{
    private readonly ILogger _logger = loggers.CreateLogger(LogSettings.AuditCategory);

    protected override async Task<T> WriteAsync<T>(string verb, ResourceKind kind, NamespacedName name, Func<Task<T>> write)
    {
        if (!IsAudited(kind, name.Namespace)) return await write();
        var started = time.GetTimestamp();
        var result = "unclear";
        try
        {
            var answer = await write();
            result = "done";
            return answer;
        }
        catch (KubernetesApiException e)
        {
            // What was not answered may have landed. The message may quote values.
            if (e.Reason is not (ApiErrorReason.Unavailable or ApiErrorReason.Unreadable)) result = e.Reason.ToString();
            throw;
        }
        finally
        {
            LogChange(verb, kind.ToString(), name.ToString(), result, time.GetElapsedTime(started).TotalMilliseconds, CurrentComponent.Name);
        }
    }

    private bool IsAudited(ResourceKind kind, string ns) =>
        !ChangesNothing(kind) && !(kind == KubernetesKinds.Secret && ns == settings.Namespace);

    [LoggerMessage(2301, LogLevel.Information, "{Verb} {Resource} {Object}: {Result} after {Milliseconds} ms, by {By}")]
    private partial void LogChange(string verb, string resource, string @object, string result, double milliseconds, string? by);
}
