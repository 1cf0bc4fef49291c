using OvimSpokeAgent.Cluster;

namespace OvimSpokeAgent.Operations;

/// <summary>
/// Keeps journal records as Secrets of type <c>ovim.io/operation.v1</c> in the agent's namespace. A request a step;
/// records that expire in the same minute go with one request, together with those of other minutes.
/// </summary>
/// <param name="api">Reads and creates, whoever leads: what the hub handed out must be stored.</param>
/// <param name="leading">Changes and removes, for the agent that leads only.</param>
/// <param name="ns">The agent's namespace.</param>
internal sealed class SecretJournalStore(IKubernetesApi api, IKubernetesApi leading, string ns) : IJournalStore
{
    private const int PageSize = 500;

    // Fourteen characters each: well within the length of a URL.
    private const int ExpiriesARequest = 100;

    private static readonly string Unsettled =
        $"{Names.OperationStateLabel} in ({JournalSecret.StateLabel(JournalState.Received)},"
        + $"{JournalSecret.StateLabel(JournalState.Started)},{JournalSecret.StateLabel(JournalState.Finished)})";

    public async Task CheckReadableAsync(CancellationToken cancellationToken) =>
        await ListPageAsync(new ListQuery { LabelSelector = Names.OperationStateLabel, Limit = 1 }, cancellationToken);

    public async Task<JournalContent> LoadAsync(CancellationToken cancellationToken)
    {
        var secrets = new List<SecretObject>();
        string? next = null;
        do
        {
            var page = await ListPageAsync(
                new ListQuery { LabelSelector = Names.OperationStateLabel, Limit = PageSize, Continue = next }, cancellationToken);
            secrets.AddRange(page.Items);
            next = page.Continue;
        }
        while (next is not null);
        return Read(secrets);
    }

    public async Task<JournalContent> LoadUnsettledAsync(CancellationToken cancellationToken)
    {
        var query = new ListQuery
        {
            LabelSelector = Unsettled,
            ResourceVersion = "0", // from the server's cache
        };
        return Read((await ListPageAsync(query, cancellationToken)).Items);
    }

    public async Task<JournalRecord> CreateAsync(JournalRecord record, CancellationToken cancellationToken)
    {
        try
        {
            var created = await api.CreateAsync(
                KubernetesKinds.Secret, ns, JournalSecret.Create(record, ns), ClusterJson.Default.AnyObject, cancellationToken);
            return record with { Version = created.Metadata.ResourceVersion };
        }
        catch (KubernetesApiException e) when (e.Reason is ApiErrorReason.AlreadyExists)
        {
            return await ReadAsync(record.Key, cancellationToken);
        }
    }

    public async Task<JournalRecord> UpdateAsync(
        JournalRecord previous, JournalRecord next, CancellationToken cancellationToken)
    {
        try
        {
            return await PatchAsync(next, previous.Version, cancellationToken);
        }
        catch (KubernetesApiException e) when (e.Reason is ApiErrorReason.NotFound)
        {
            return await CreateAsync(next, cancellationToken); // someone removed it
        }
        catch (KubernetesApiException e) when (e.Reason is ApiErrorReason.Conflict)
        {
            var stored = await ReadAsync(next.Key, cancellationToken);
            if (stored.IsSameAs(next)) return next with { Version = stored.Version }; // an answer of ours was lost
            return stored.IsSameAs(previous) ? await PatchAsync(next, stored.Version, cancellationToken) : stored;
        }
    }

    public async Task RemoveAsync(IReadOnlyCollection<DateTimeOffset> expiries, CancellationToken cancellationToken)
    {
        foreach (var chunk in expiries.Select(JournalSecret.ExpiryLabel).Distinct().Chunk(ExpiriesARequest))
        {
            await leading.DeleteCollectionAsync(
                KubernetesKinds.Secret, ns, $"{Names.OperationExpiresLabel} in ({string.Join(',', chunk)})", cancellationToken);
        }
    }

    private static JournalContent Read(IReadOnlyList<SecretObject> secrets)
    {
        var records = new List<JournalRecord>(secrets.Count);
        var unreadable = new List<string>();
        foreach (var secret in secrets)
        {
            if (JournalSecret.TryRead(secret, out var record)) records.Add(record);
            else unreadable.Add(secret.Metadata.Name);
        }
        return new JournalContent(records, unreadable);
    }

    private Task<ObjectList<SecretObject>> ListPageAsync(ListQuery query, CancellationToken cancellationToken) =>
        api.ListAsync(KubernetesKinds.Secret, ns, query, JournalJson.Default.SecretObject, cancellationToken);

    private async Task<JournalRecord> PatchAsync(JournalRecord next, string version, CancellationToken cancellationToken)
    {
        var patched = await leading.MergePatchAsync(
            KubernetesKinds.Secret,
            new NamespacedName(ns, next.Key.Value),
            JournalSecret.Patch(next, version),
            ClusterJson.Default.AnyObject,
            cancellationToken);
        return next with { Version = patched.Metadata.ResourceVersion };
    }

    private async Task<JournalRecord> ReadAsync(OperationKey key, CancellationToken cancellationToken)
    {
        var secret = await api.GetAsync(
            KubernetesKinds.Secret, new NamespacedName(ns, key.Value), JournalJson.Default.SecretObject, cancellationToken);
        return JournalSecret.TryRead(secret, out var record)
            ? record
            : throw new KubernetesApiException(
                ApiErrorReason.Unreadable, $"Secret {ns}/{key} is no journal record: remove it, or the operation cannot be taken");
    }
}
