using System.Text.Json.Serialization.Metadata;

namespace OvimSpokeAgent.Cluster;

/// <summary>What is often asked of the API, in one call.</summary>
internal static class KubernetesApiExtensions
{
    /// <summary>The object as it is on the server now; null: there is none.</summary>
    public static async Task<T?> FindAsync<T>(
        this IKubernetesApi api, ResourceKind kind, NamespacedName name, JsonTypeInfo<T> type, CancellationToken cancellationToken)
        where T : class
    {
        try
        {
            return await api.GetAsync(kind, name, type, cancellationToken);
        }
        catch (KubernetesApiException e) when (e.Reason is ApiErrorReason.NotFound)
        {
            return null;
        }
    }

    /// <summary>As the other, for pages of objects that are small: fails where one cannot be read.</summary>
    public static async Task<ObjectList<T>> ListAsync<T>(
        this IKubernetesApi api,
        ResourceKind kind,
        string ns,
        ListQuery query,
        JsonTypeInfo<T> type,
        CancellationToken cancellationToken)
        where T : class, IKubernetesObject
    {
        var items = new List<T>();
        var page = await api.ListAsync(kind, ns, query, type, item => items.Add(item.Value), cancellationToken);
        return new ObjectList<T>(items, page.ResourceVersion, page.Continue);
    }
}
