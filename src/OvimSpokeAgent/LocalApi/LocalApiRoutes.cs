using System.Collections.Frozen;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Http;
using OvimSpokeAgent.Validation;

namespace OvimSpokeAgent.LocalApi;

/// <summary>
/// What is served on the local API's listener, and nowhere else: its table of addresses is not part of the host's routing, so that
/// neither is what the main listener serves to be had here. All is read from memory.
/// </summary>
internal sealed class LocalApiRoutes
{
    private readonly FrozenDictionary<string, RequestDelegate> _reads;
    private readonly FrozenDictionary<string, RequestDelegate> _actions;

    public LocalApiRoutes(DocumentSource documents, ReportFile report, ActionEndpoint actions)
    {
        var json = LocalApiJson.Default;
        _reads = new Dictionary<string, RequestDelegate>
        {
            ["/"] = PageFile.Load("index.html", "text/html; charset=utf-8"),
            ["/page.css"] = PageFile.Load("page.css", "text/css; charset=utf-8"),
            ["/page.js"] = PageFile.Load("page.js", "text/javascript; charset=utf-8"),
            ["/charts.js"] = PageFile.Load("charts.js", "text/javascript; charset=utf-8"),
            ["/icon.svg"] = PageFile.Load("icon.svg", "image/svg+xml"),
            ["/debug/state"] = Document(_ => documents.State.Read(), json.StateDocument),
            ["/debug/hub"] = Document(_ => documents.Hub.Read(), json.HubDocument),
            ["/debug/components"] = Document(_ => documents.Health.Check(), json.HealthDocument),
            ["/debug/operations"] = Document(_ => documents.Operations.Read(), json.OperationsDocument),
            ["/debug/vms"] = Document(context => documents.Inventory.ReadVms(Filter(context)), json.VmsDocument),
            ["/debug/vdcs"] = Document(context => documents.Inventory.ReadVdcs(Filter(context)), json.VdcsDocument),
            ["/debug/templates"] = Document(_ => documents.Templates.Read(), json.TemplatesDocument),
            ["/debug/caches"] = Document(_ => documents.Caches.Read(), json.CachesDocument),
            ["/debug/settings"] = Document(_ => documents.Settings, json.SettingsDocument),
            ["/debug/history"] = Document(_ => documents.History.Read(), json.HistoryDocument),
            ["/debug/log"] = context => TryReadAfter(context, out var after)
                ? WriteAsync(context, documents.Log.Read(after), json.LogDocument)
                : RefuseAfterAsync(context),
            ["/debug/page"] = context => TryReadAfter(context, out var after)
                ? WriteAsync(context, documents.ReadPage(Filter(context), after), json.PageDocument)
                : RefuseAfterAsync(context),
            ["/debug/report"] = report.WriteAsync,
        }.ToFrozenDictionary(StringComparer.Ordinal);
        _actions = actions.All.ToFrozenDictionary(StringComparer.Ordinal);
    }

    /// <summary>Answers a request that came over a <see cref="LocalConnection"/>.</summary>
    public Task HandleAsync(HttpContext context)
    {
        SecurityHeaders.Set(context.Response.Headers);
        if (LocalApiGuard.Judge(context.Request, context.Connection.RemoteIpAddress) is var (status, reason))
            return RefuseAsync(context, status, reason);
        var path = context.Request.Path.Value ?? "";
        var isRead = _reads.TryGetValue(path, out var read);
        var isAction = _actions.TryGetValue(path, out var act);
        if (!isRead && !isAction) return RefuseAsync(context, StatusCodes.Status404NotFound, "there is nothing here; the status page is at /");
        var method = context.Request.Method;
        if (isRead && (HttpMethods.IsGet(method) || HttpMethods.IsHead(method))) return read!(context);
        if (isAction && HttpMethods.IsPost(method)) return act!(context);
        context.Response.Headers.Allow = isRead ? "GET, HEAD" : "POST";
        return RefuseAsync(context, StatusCodes.Status405MethodNotAllowed, $"expected {context.Response.Headers.Allow}");
    }

    /// <summary>Answers with a document.</summary>
    public static Task WriteAsync<T>(HttpContext context, T document, JsonTypeInfo<T> type) =>
        SendAsync(context, JsonSerializer.SerializeToUtf8Bytes(document, type), "application/json; charset=utf-8");

    /// <summary>Answers with bytes of a content type; to HEAD without them.</summary>
    public static Task SendAsync(HttpContext context, byte[] body, string contentType)
    {
        context.Response.ContentType = contentType;
        context.Response.ContentLength = body.Length;
        return HttpMethods.IsHead(context.Request.Method) ? Task.CompletedTask : context.Response.Body.WriteAsync(body, context.RequestAborted).AsTask();
    }

    /// <summary>Answers that something is not done, and why.</summary>
    public static Task RefuseAsync(HttpContext context, int status, string reason)
    {
        context.Response.StatusCode = status;
        return WriteAsync(context, new ErrorDocument(reason), LocalApiJson.Default.ErrorDocument);
    }

    private static RequestDelegate Document<T>(Func<HttpContext, T> read, JsonTypeInfo<T> type) =>
        context => WriteAsync(context, read(context), type);

    private static InventoryFilter Filter(HttpContext context) => new(Query(context, "namespace"), Query(context, "name"));

    private static string? Query(HttpContext context, string name) =>
        context.Request.Query[name].ToString() is { Length: > 0 } value ? value : null;

    private static bool TryReadAfter(HttpContext context, out long after)
    {
        after = 0;
        return Query(context, "after") is not { } text || long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out after);
    }

    private static Task RefuseAfterAsync(HttpContext context) => RefuseAsync(
        context, StatusCodes.Status400BadRequest,
        $"after: {JsonText.Show(context.Request.Query["after"].ToString())} is not valid, expected the number of a line");
}
