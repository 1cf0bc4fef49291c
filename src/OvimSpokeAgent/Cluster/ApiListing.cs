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
        var isThere = await api.VisitAllAsync(
            kind, ns, type, item => items.Add(keep is null ? item : keep(item)), cancellationToken, labelSelector);
        return isThere ? items : [];
    }

    /// <summary>Shows all objects of a kind, in pages, one by one. False: the cluster does not have the kind, or has it no more.</summary>
    /// <param name="api">The API.</param>
    /// <param name="kind">The kind.</param>
    /// <param name="ns">The namespace, or empty for all.</param>
    /// <param name="type">How they are read.</param>
    /// <param name="visit">Sees each of them; what it keeps is its own affair.</param>
    /// <param name="cancellationToken">Cancels the requests.</param>
    /// <param name="labelSelector">Which of them; null: all.</param>
    public static async Task<bool> VisitAllAsync<T>(
        this IKubernetesApi api,
        ResourceKind kind,
        string ns,
        JsonTypeInfo<T> type,
        Action<T> visit,
        CancellationToken cancellationToken,
        string? labelSelector = null)
        where T : class, IKubernetesObject
    {
        string? next = null;
        try
        {
            do
            {
                var query = new ListQuery { LabelSelector = labelSelector, Limit = PageSize, Continue = next };
                var page = await api.ListAsync(kind, ns, query, type, item => visit(item.Value), cancellationToken);
                next = page.Continue;
            }
            while (next is not null);
            return true;
        }
        catch (KubernetesApiException e) when (e.Reason is ApiErrorReason.NoKindMatch)
        {
            return false;
        }
    }
}
