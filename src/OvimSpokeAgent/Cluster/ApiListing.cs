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
    /// <param name="keep">What of each is kept, where anyone may make them large; null: all.</param>
    public static async Task<IReadOnlyList<T>> ListAllAsync<T>(
        this IKubernetesApi api,
        ResourceKind kind,
        string ns,
        JsonTypeInfo<T> type,
        CancellationToken cancellationToken,
        string? labelSelector = null,
        Func<T, T>? keep = null)
        where T : class, IKubernetesObject
    {
        var items = new List<T>();
        string? next = null;
        try
        {
            do
            {
                var query = new ListQuery { LabelSelector = labelSelector, Limit = PageSize, Continue = next };
                var page = await api.ListAsync(
                    kind, ns, query, type, item => items.Add(keep is null ? item.Value : keep(item.Value)), cancellationToken);
                next = page.Continue;
            }
            while (next is not null);
        }
        catch (KubernetesApiException e) when (e.Reason is ApiErrorReason.NoKindMatch)
        {
            return [];
        }
        return items;
    }
}
