using System.Text.Json.Serialization.Metadata;

namespace OvimSpokeAgent.Cluster;

internal static class ApiListing
{
    private const int PageSize = 500;

    /// <summary>All objects of a kind, in pages; none where the cluster does not have the kind.</summary>
    /// <param name="api">The API.</param>
    /// <param name="kind">The kind.</param>
    /// <param name="ns">The namespace, or empty for all.</param>
    /// <param name="type">How they are read.</param>
    /// <param name="cancellationToken">Cancels the requests.</param>
    /// <param name="labelSelector">Which of them; null: all.</param>
    public static async Task<IReadOnlyList<T>> ListAllAsync<T>(
        this IKubernetesApi api,
        ResourceKind kind,
        string ns,
        JsonTypeInfo<T> type,
        CancellationToken cancellationToken,
        string? labelSelector = null)
    {
        var items = new List<T>();
        string? next = null;
        try
        {
            do
            {
                var query = new ListQuery { LabelSelector = labelSelector, Limit = PageSize, Continue = next };
                var page = await api.ListAsync(kind, ns, query, type, cancellationToken);
                items.AddRange(page.Items);
                next = page.Continue;
            }
            while (next is not null);
        }
        catch (KubernetesApiException e) when (e.Reason is ApiErrorReason.KindMissing)
        {
            return [];
        }
        return items;
    }
}
