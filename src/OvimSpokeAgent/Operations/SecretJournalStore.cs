using System.Collections;
using System.Text.Json.Nodes;
using OvimSpokeAgent.Cluster;

namespace OvimSpokeAgent.Operations;

/// <summary>
/// Keeps the journal as Secrets in the agent's namespace: records of type <c>ovim.io/operation.v1</c>, operations that came
/// together of type <c>ovim.io/operations.v1</c>. A request a step; what can go goes with few requests. Lists are of metadata
/// alone, in pages: what a Secret holds is read one at a time.
/// </summary>
/// <param name="api">Reads and creates, whoever leads: what the hub handed out must be stored.</param>
/// <param name="leading">Changes and removes, for the agent that leads only.</param>
/// <param name="ns">The agent's namespace.</param>
internal sealed class SecretJournalStore(IKubernetesApi api, IKubernetesApi leading, string ns) : IJournalStore
{
    private const int PageSize = 500;

    // The server's cache hands out all at once, whatever the size of a page: no more than this shall come of it.
    private const int MaxAtOnce = 2000;

    // Of a record that an earlier agent wrote the metadata do not tell enough.
    private const int ReadAtOnce = 4;

    // Fourteen characters each: well within the length of a URL.
    private const int ExpiriesARequest = 100;
    private const int BatchesARequest = 25;

    private static readonly string Unsettled =
        $"{WellKnownNames.OperationStateLabel} in ({JournalSecret.StateLabel(JournalState.Received)},"
        + $"{JournalSecret.StateLabel(JournalState.Started)},{JournalSecret.StateLabel(JournalState.Finished)},{BatchSecret.StateLabel})";

    private int _listed; // by the last list

    public async Task CheckReadableAsync(CancellationToken cancellationToken) =>
        await ListPageAsync(new ListQuery { LabelSelector = WellKnownNames.OperationStateLabel, Limit = 1 }, cancellationToken);

    public async Task WarmUpAsync(StoredBatch batch, CancellationToken cancellationToken)
    {
        try
        {
            await api.CheckCreateAsync(KubernetesKinds.Secret, ns, BatchSecret.Create(batch, ns), cancellationToken);
        }
        catch (KubernetesApiException e) when (e.Reason is ApiErrorReason.Invalid && e.Message.EndsWith("does not support dry run", StringComparison.Ordinal))
        {
            // An admission webhook with side effects (k8s.io/apiserver, webhook/errors): it cannot be asked beforehand.
        }
    }

    public Task<JournalContent> LoadAsync(Predicate<string> isKnown, CancellationToken cancellationToken) =>
        LoadAsync(new ListQuery { LabelSelector = WellKnownNames.OperationStateLabel, Limit = PageSize }, isKnown, cancellationToken);

    public Task<JournalContent> LoadUnsettledAsync(Predicate<string> isKnown, CancellationToken cancellationToken) => LoadAsync(
        new ListQuery { LabelSelector = Unsettled, Limit = PageSize, ResourceVersion = _listed < MaxAtOnce ? "0" : null }, // 0: the cache
        isKnown,
        cancellationToken);

    public async Task CreateBatchAsync(StoredBatch batch, CancellationToken cancellationToken)
    {
        try
        {
            await api.CreateAsync(
                KubernetesKinds.Secret, ns, BatchSecret.Create(batch, ns), ClusterJson.Default.AnyObject, cancellationToken);
        }
        catch (KubernetesApiException e) when (e.Reason is ApiErrorReason.AlreadyExists)
        {
            // An answer of ours was lost: the name is of this content alone.
        }
    }

    public async Task<StoredBatch?> ReadBatchAsync(string name, CancellationToken cancellationToken)
    {
        try
        {
            var secret = await api.GetAsync(
                KubernetesKinds.Secret, new NamespacedName(ns, name), JournalJson.Default.SecretObject, cancellationToken);
            return BatchSecret.Read(secret) ?? throw new KubernetesApiException(
                ApiErrorReason.Unreadable, $"Secret {ns}/{name} does not hold operations: remove it, or put it right");
        }
        catch (KubernetesApiException e) when (e.Reason is ApiErrorReason.NotFound)
        {
            return null;
        }
    }

    // Without a precondition: of each field one agent is the only writer, the one that leads.
    public async Task<bool> StepInBatchAsync(JournalRecord next, ReadOnlyMemory<byte>? result, CancellationToken cancellationToken)
    {
        try
        {
            return await PatchBatchAsync(next.Place!.Value.Batch.Name, BatchSecret.Step(next, result), cancellationToken);
        }
        catch (KubernetesApiException e) when (e.Reason is ApiErrorReason.Invalid)
        {
            return false; // a Secret cannot be larger
        }
    }

    public Task<bool> MarkAsync(string name, BitArray left, IReadOnlyCollection<int> steps, CancellationToken cancellationToken) =>
        PatchBatchAsync(name, BatchSecret.Mark(left, steps), cancellationToken);

    public async Task RemoveBatchesAsync(IReadOnlyCollection<string> names, CancellationToken cancellationToken)
    {
        foreach (var chunk in names.Chunk(BatchesARequest))
        {
            await leading.DeleteCollectionAsync(
                KubernetesKinds.Secret, ns, $"{WellKnownNames.OperationBatchLabel} in ({string.Join(',', chunk)})", cancellationToken);
        }
    }

    public async Task<StoredOperation?> ReadAsync(OperationKey key, CancellationToken cancellationToken)
    {
        try
        {
            return await ReadExistingAsync(key, cancellationToken);
        }
        catch (KubernetesApiException e) when (e.Reason is ApiErrorReason.NotFound)
        {
            return null;
        }
    }

    public Task<JournalRecord> CreateAsync(
        JournalRecord record, ReadOnlyMemory<byte> body, CancellationToken cancellationToken) =>
        CreateAsync(api, record, body, cancellationToken);

    public async Task<JournalRecord?> UpdateAsync(
        JournalRecord previous, JournalRecord next, ReadOnlyMemory<byte>? body, CancellationToken cancellationToken)
    {
        if (previous.IsInBatch) return body is { } its ? await CreateAsync(leading, next, its, cancellationToken) : null;
        var result = next.HasResult && !previous.HasResult ? body : null;
        try
        {
            return await PatchAsync(next, result, previous.Version, cancellationToken);
        }
        catch (KubernetesApiException e) when (e.Reason is ApiErrorReason.NotFound)
        {
            // Someone removed it.
            return body is { } known ? await CreateAsync(leading, next, known, cancellationToken) : null;
        }
        catch (KubernetesApiException e) when (e.Reason is ApiErrorReason.Conflict)
        {
            var stored = await ReadExistingAsync(next.Key, cancellationToken);
            // An answer of ours was lost.
            if (stored.Record.IsSameAs(next) && (result is not { } sent || sent.Span.SequenceEqual(stored.Body.Span)))
                return next with { Version = stored.Record.Version };
            return stored.Record.IsSameAs(previous)
                ? await PatchAsync(next, result, stored.Record.Version, cancellationToken)
                : stored.Record with { Place = next.Place };
        }
    }

    public async Task RemoveAsync(IReadOnlyCollection<DateTimeOffset> expiries, CancellationToken cancellationToken)
    {
        foreach (var chunk in expiries.Select(JournalSecret.ExpiryLabel).Distinct().Chunk(ExpiriesARequest))
        {
            await leading.DeleteCollectionAsync(
                KubernetesKinds.Secret, ns, $"{WellKnownNames.OperationExpiresLabel} in ({string.Join(',', chunk)})", cancellationToken);
        }
    }

    private async Task<JournalContent> LoadAsync(
        ListQuery query, Predicate<string> isKnown, CancellationToken cancellationToken)
    {
        var listed = 0;
        var (records, batches, unknown) = (new List<JournalRecord>(), new List<string>(), new List<OperationKey>());
        string? next = null;
        do
        {
            var page = await ListPageAsync(
                next is null ? query : query with { Continue = next, ResourceVersion = null }, cancellationToken);
            listed += page.Items.Count;
            foreach (var item in page.Items)
            {
                if (isKnown(item.Metadata.Name)) continue;
                if (item.Metadata.Label(WellKnownNames.OperationStateLabel) == BatchSecret.StateLabel) batches.Add(item.Metadata.Name);
                else if (JournalSecret.Read(item.Metadata) is { } record) records.Add(record);
                else unknown.Add(new OperationKey(item.Metadata.Name));
            }
            next = page.Continue;
        }
        while (next is not null);
        _listed = listed;

        var unreadable = new List<string>();
        foreach (var chunk in unknown.Chunk(ReadAtOnce))
        {
            var found = await Task.WhenAll(chunk.Select(key => TryReadAsync(key, cancellationToken)));
            records.AddRange(found.Where(one => one.Record is not null).Select(one => one.Record!));
            unreadable.AddRange(found.Where(one => one.IsUnreadable).Select(one => one.Name));
        }
        return new JournalContent(records, batches, unreadable);
    }

    private async Task<(JournalRecord? Record, bool IsUnreadable, string Name)> TryReadAsync(
        OperationKey key, CancellationToken cancellationToken)
    {
        try
        {
            return ((await ReadAsync(key, cancellationToken))?.Record, false, key.Value);
        }
        catch (KubernetesApiException e) when (e.Reason is ApiErrorReason.Unreadable)
        {
            return (null, true, key.Value);
        }
    }

    private Task<ObjectList<AnyObject>> ListPageAsync(ListQuery query, CancellationToken cancellationToken) =>
        api.ListAsync(KubernetesKinds.Secret, ns, query, ClusterJson.Default.AnyObject, cancellationToken);

    private async Task<JournalRecord> CreateAsync(
        IKubernetesApi through, JournalRecord record, ReadOnlyMemory<byte> body, CancellationToken cancellationToken)
    {
        try
        {
            var created = await through.CreateAsync(
                KubernetesKinds.Secret, ns, JournalSecret.Create(record, body.Span, ns), ClusterJson.Default.AnyObject, cancellationToken);
            return record with { Version = created.Metadata.ResourceVersion };
        }
        catch (KubernetesApiException e) when (e.Reason is ApiErrorReason.AlreadyExists)
        {
            return (await ReadExistingAsync(record.Key, cancellationToken)).Record with { Place = record.Place };
        }
    }

    private async Task<JournalRecord> PatchAsync(
        JournalRecord next, ReadOnlyMemory<byte>? result, string version, CancellationToken cancellationToken)
    {
        var patched = await leading.MergePatchAsync(
            KubernetesKinds.Secret,
            new NamespacedName(ns, next.Key.Value),
            JournalSecret.Patch(next, result, version),
            ClusterJson.Default.AnyObject,
            cancellationToken);
        return next with { Version = patched.Metadata.ResourceVersion };
    }

    private async Task<bool> PatchBatchAsync(string name, JsonObject patch, CancellationToken cancellationToken)
    {
        try
        {
            await leading.MergePatchAsync(
                KubernetesKinds.Secret, new NamespacedName(ns, name), patch, ClusterJson.Default.AnyObject, cancellationToken);
            return true;
        }
        catch (KubernetesApiException e) when (e.Reason is ApiErrorReason.NotFound)
        {
            return false; // someone removed it
        }
    }

    private async Task<StoredOperation> ReadExistingAsync(OperationKey key, CancellationToken cancellationToken)
    {
        var secret = await api.GetAsync(
            KubernetesKinds.Secret, new NamespacedName(ns, key.Value), JournalJson.Default.SecretObject, cancellationToken);
        return JournalSecret.Read(secret) ?? throw new KubernetesApiException(
            ApiErrorReason.Unreadable, $"Secret {ns}/{key} is no journal record: remove it, or the operation cannot be taken");
    }
}
