using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;
using OvimSpokeAgent.Configuration;
using OvimSpokeAgent.Supervision;

namespace OvimSpokeAgent.Cluster;

/// <summary>
/// Writes the audit log: a line for every change that is asked of the cluster. It names the object and what came of it, never a value. What the agent keeps for itself is no change of the cluster: its journal and its Lease, events, questions.
/// </summary>
internal sealed partial class AuditedApi(IKubernetesApi api, AgentSettings settings, TimeProvider time, ILoggerFactory loggers) : IKubernetesApi
{
    private readonly ILogger _logger = loggers.CreateLogger(LogSettings.AuditCategory);

    public Task<T> GetAsync<T>(
        ResourceKind kind, NamespacedName name, JsonTypeInfo<T> type, CancellationToken cancellationToken) =>
        api.GetAsync(kind, name, type, cancellationToken);

    public Task<bool> IsServedAsync(ResourceKind kind, CancellationToken cancellationToken) => api.IsServedAsync(kind, cancellationToken);

    public Task<ListPage> ListAsync<T>(
        ResourceKind kind,
        string ns,
        ListQuery query,
        JsonTypeInfo<T> type,
        Action<ReadObject<T>> take,
        CancellationToken cancellationToken)
        where T : class, IKubernetesObject =>
        api.ListAsync(kind, ns, query, type, take, cancellationToken);

    public Task<IAsyncEnumerable<WatchEvent<T>>> WatchAsync<T>(
        ResourceKind kind, string ns, ListQuery query, JsonTypeInfo<T> type, CancellationToken cancellationToken)
        where T : class, IKubernetesObject =>
        api.WatchAsync(kind, ns, query, type, cancellationToken);

    public Task<T> CreateAsync<T>(
        ResourceKind kind, string ns, JsonObject body, JsonTypeInfo<T> type, CancellationToken cancellationToken) =>
        AuditAsync("create", kind, NameOf(ns, body), () => api.CreateAsync(kind, ns, body, type, cancellationToken));

    public Task CheckCreateAsync(ResourceKind kind, string ns, JsonObject body, CancellationToken cancellationToken) =>
        api.CheckCreateAsync(kind, ns, body, cancellationToken);

    public Task<T> MergePatchAsync<T>(
        ResourceKind kind, NamespacedName name, JsonObject patch, JsonTypeInfo<T> type, CancellationToken cancellationToken) =>
        AuditAsync("patch", kind, name, () => api.MergePatchAsync(kind, name, patch, type, cancellationToken));

    public Task<T> MergePatchStatusAsync<T>(
        ResourceKind kind, NamespacedName name, JsonObject patch, JsonTypeInfo<T> type, CancellationToken cancellationToken) =>
        AuditAsync("patch status", kind, name, () => api.MergePatchStatusAsync(kind, name, patch, type, cancellationToken));

    public Task<T> ApplyAsync<T>(
        ResourceKind kind, NamespacedName name, JsonObject body, JsonTypeInfo<T> type, CancellationToken cancellationToken) =>
        AuditAsync("apply", kind, name, () => api.ApplyAsync(kind, name, body, type, cancellationToken));

    public Task DeleteAsync(ResourceKind kind, NamespacedName name, DeleteOptions options, CancellationToken cancellationToken) =>
        AuditAsync("delete", kind, name, () => api.DeleteAsync(kind, name, options, cancellationToken));

    public Task DeleteCollectionAsync(ResourceKind kind, string ns, string labelSelector, CancellationToken cancellationToken) =>
        AuditAsync("delete all", kind, new NamespacedName(ns, "*"), () => api.DeleteCollectionAsync(kind, ns, labelSelector, cancellationToken));

    public Task PutSubresourceAsync(
        ResourceKind kind, NamespacedName name, string subresource, JsonObject? body, CancellationToken cancellationToken) =>
        AuditAsync($"put {subresource}", kind, name, () => api.PutSubresourceAsync(kind, name, subresource, body, cancellationToken));

    private static NamespacedName NameOf(string ns, JsonObject body) => new(ns, (string?)body["metadata"]?["name"] ?? "");

    private Task<bool> AuditAsync(string verb, ResourceKind kind, NamespacedName name, Func<Task> write) => AuditAsync(verb, kind, name, async () =>
    {
        await write();
        return true;
    });

    private async Task<T> AuditAsync<T>(string verb, ResourceKind kind, NamespacedName name, Func<Task<T>> write)
    {
        if (!IsAudited(kind, name.Namespace)) return await write();
        var started = time.GetTimestamp();
        var result = "unclear"; // cut off: it may have landed
        try
        {
            var answer = await write();
            result = "done";
            return answer;
        }
        catch (KubernetesApiException e)
        {
            result = e.Reason.ToString(); // its message may quote values
            throw;
        }
        finally
        {
            LogChange(verb, kind.ToString(), name.ToString(), result, time.GetElapsedTime(started).TotalMilliseconds, CurrentComponent.Name);
        }
    }

    private bool IsAudited(ResourceKind kind, string ns) =>
        kind != KubernetesKinds.Event && kind != KubernetesKinds.SelfSubjectAccessReview && kind != KubernetesKinds.SubjectAccessReview
        && !(kind == KubernetesKinds.Secret && ns == settings.Namespace);

    [LoggerMessage(2301, LogLevel.Information, "{Verb} {Resource} {Object}: {Result} after {Milliseconds} ms, by {By}")]
    private partial void LogChange(string verb, string resource, string @object, string result, double milliseconds, string? by);
}
