using System.Buffers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace KubernetesSandbox.Cluster;

/// <summary>Answers lists: whole, in pages of one snapshot, or as of a version.</summary>
internal sealed class ListEndpoint(ObjectStore store)
{
    private const string ContinueTooOld =
        "The provided continue parameter is too old to display a consistent list result. You can start a new list without the "
        + "continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing "
        + "with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the "
        + "time the first chunk was returned and now may show up in the list.";

    public async Task HandleAsync(ApiCall call)
    {
        var page = Read(call);
        var meta = new JsonObject { ["resourceVersion"] = page.Version.ToString(System.Globalization.CultureInfo.InvariantCulture) };
        if (page.Continue is not null) meta["continue"] = page.Continue;
        if (page.Remaining is { } remaining) meta["remainingItemCount"] = remaining;
        switch (AcceptedViews.Of(call.Http.Request, isList: true))
        {
            case AcceptedView.Table:
                await Answers.JsonAsync(call.Http, 200, TableView.Of(call, page.Items, meta));
                return;
            case AcceptedView.Metadata:
                await Answers.JsonAsync(call.Http, 200, MetadataView.ListOf(page.Items, meta));
                return;
        }
        call.Http.Response.ContentType = "application/json";
        var to = call.Http.Response.BodyWriter;
        to.Write(Encoding.UTF8.GetBytes(
            $"{{\"kind\":\"{call.Kind.ListKind}\",\"apiVersion\":\"{call.Kind.ApiVersion}\",\"metadata\":{meta.ToText()},\"items\":["));
        foreach (var (i, item) in page.Items.Index())
        {
            if (i > 0) to.Write(","u8);
            Answers.Write(to, call.Kind, item, withKind: call.Kind.IsCustom);
        }
        to.Write("]}\n"u8);
        await to.FlushAsync(call.Http.RequestAborted);
    }

    private Page Read(ApiCall call)
    {
        var isSelected = call.Selection();
        var limit = call.Number("limit") is > 0 and var number ? number : long.MaxValue;
        var (snapshot, after) = Start(call);
        var items = new List<StoredObject>();
        var remaining = 0L;
        foreach (var (key, item) in snapshot.Objects)
        {
            if (after is { } last && key.CompareTo(last) <= 0) continue;
            if (!isSelected(item)) continue;
            if (items.Count < limit) items.Add(item);
            else remaining++;
        }
        if (remaining == 0) return new(items, snapshot.Version, null, null);
        // As the real server, which does not count what a selector leaves.
        var isCounted = call.Query("labelSelector").Length == 0 && call.Query("fieldSelector").Length == 0;
        return new(items, snapshot.Version, ContinueToken.Encode(snapshot.Version, items[^1].Key), isCounted ? remaining : null);
    }

    private (Snapshot Snapshot, ObjectKey? After) Start(ApiCall call)
    {
        var resource = KindRegistry.StoredAs(call.Kind);
        if (call.Query("continue") is { Length: > 0 } token)
        {
            var (from, key) = ContinueToken.Decode(token);
            if (from < 0) return (store.Read(resource), key);
            return (store.ReadAt(resource, from) ?? throw TooOld(key), key);
        }
        var version = call.ResourceVersion();
        var now = store.Read(resource);
        if (version > now.Version) throw ApiErrors.TooLargeVersion(version.Value, now.Version);
        var isExact = call.Query("resourceVersionMatch") == "Exact"
            || (call.Query("resourceVersionMatch").Length == 0 && version > 0 && call.Number("limit") > 0);
        if (!isExact || version is null or 0) return (now, null);
        return (
            store.ReadAt(resource, version.Value)
                ?? throw ApiErrors.Expired("The resourceVersion for the provided list is too old."),
            null);
    }

    private static ApiException TooOld(ObjectKey key) =>
        new(410, "Expired", ContinueTooOld, null, new JsonObject { ["continue"] = ContinueToken.Encode(-1, key) });

    private sealed record Page(IReadOnlyList<StoredObject> Items, long Version, string? Continue, long? Remaining);
}

/// <summary>Where a list goes on: a version (-1: whatever there is) and the last key that was sent.</summary>
internal static class ContinueToken
{
    public static string Encode(long version, ObjectKey last)
    {
        var json = new JsonObject { ["v"] = "meta.k8s.io/v1", ["rv"] = version, ["start"] = $"{last.Namespace}/{last.Name}\0" };
        return Convert.ToBase64String(json.ToBytes()).TrimEnd('=').Replace('+', '-').Replace('/', '_');
    }

    /// <exception cref="ApiException">400: not such a token.</exception>
    public static (long Version, ObjectKey Last) Decode(string token)
    {
        try
        {
            var padded = token.Replace('-', '+').Replace('_', '/').PadRight((token.Length + 3) / 4 * 4, '=');
            var json = JsonNode.Parse(Convert.FromBase64String(padded));
            var start = json.Text("start")?.TrimEnd('\0').Split('/');
            if (json.Number("rv") is { } version && start is [var ns, var name]) return (version, new(ns, name));
            throw new FormatException("no version or key");
        }
        catch (Exception e) when (e is FormatException or JsonException)
        {
            throw ApiErrors.BadRequest($"invalid continue token: continue key is not valid: {e.Message}");
        }
    }
}
