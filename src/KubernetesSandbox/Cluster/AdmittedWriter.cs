using System.Text.Json.Nodes;

namespace KubernetesSandbox.Cluster;

/// <summary>Writes what the webhooks let through: they are asked about the very object that is written then.</summary>
internal sealed class AdmittedWriter(ObjectStore store, ObjectWriter writer, ObjectDeleter deleter, AdmissionWebhooks webhooks)
{
    /// <exception cref="ApiException">Refused.</exception>
    public async Task<StoredObject> CreateAsync(ApiCall call, JsonObject body, WriteOptions options)
    {
        var asked = webhooks.For(call, "CREATE");
        if (asked.Count > 0)
        {
            var wished = writer.Create(call.Kind, call.Namespace, body.Copy(), options with { DryRun = true });
            await webhooks.AskAsync(asked, new(call, "CREATE", wished.Key, wished.Content, null));
        }
        return writer.Create(call.Kind, call.Namespace, body, options);
    }

    /// <inheritdoc cref="ObjectWriter.Update"/>
    public async Task<StoredObject> UpdateAsync(ApiCall call, Func<StoredObject, JsonObject> change, WriteOptions options)
    {
        var asked = webhooks.For(call, "UPDATE");
        while (asked.Count > 0)
        {
            StoredObject? judged = null;
            var wished = writer.Update(call.Kind, call.Key, current => change(judged = current), options with { DryRun = true });
            await webhooks.AskAsync(asked, new(call, "UPDATE", call.Key, wished.Content, judged!.Content));
            try
            {
                return writer.Update(
                    call.Kind,
                    call.Key,
                    current => current.Version == judged.Version ? change(current) : throw new ChangedMeanwhileException(),
                    options);
            }
            catch (ChangedMeanwhileException)
            {
                // What would be written now was not asked about.
            }
        }
        return writer.Update(call.Kind, call.Key, change, options);
    }

    /// <inheritdoc cref="ObjectDeleter.Delete"/>
    public async Task<Deletion> DeleteAsync(ApiCall call, ObjectKey key, DeleteRequest request)
    {
        var asked = webhooks.For(call, "DELETE");
        if (asked.Count > 0 && store.Get(KindRegistry.StoredAs(call.Kind), key) is { } one)
            await webhooks.AskAsync(asked, new(call, "DELETE", key, null, one.Content));
        return deleter.Delete(call.Kind, key, request);
    }

    private sealed class ChangedMeanwhileException : Exception;
}
