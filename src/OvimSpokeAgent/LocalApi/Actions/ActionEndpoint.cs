using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using OvimSpokeAgent.Configuration;
using OvimSpokeAgent.Logging;
using OvimSpokeAgent.Supervision;
using OvimSpokeAgent.Validation;

namespace OvimSpokeAgent.LocalApi;

/// <summary>Answers the actions' requests: a small JSON object, or nothing. Each that is carried out is a line of the audit log.</summary>
internal sealed partial class ActionEndpoint(LocalActions actions, LogLevelControl logLevel, TimeProvider time, ILoggerFactory loggers)
{
    private const int MaxBodyBytes = 4 << 10;

    private readonly ILogger _audit = loggers.CreateLogger(LogSettings.AuditCategory);

    /// <summary>The actions by their address.</summary>
    public IEnumerable<KeyValuePair<string, RequestDelegate>> All =>
    [
        Action("log-level", LogLevelAction.Fields, (body, _) => Task.FromResult(LogLevelAction.Run(body, logLevel))),
        Action("heartbeat", [], (_, token) => actions.ReportAsync(registersAnew: false, token)),
        Action("register", [], (_, token) => actions.ReportAsync(registersAnew: true, token)),
        Action("clear-templates", [], (_, token) => actions.ClearTemplatesAsync(token)),
        Action("check-permissions", [], (_, token) => actions.CheckPermissionsAsync(token)),
    ];

    private KeyValuePair<string, RequestDelegate> Action(
        string name, IReadOnlyList<string> fields, Func<JsonElement, CancellationToken, Task<ActionResult>> run) =>
        new($"/debug/{name}", context => AnswerAsync(context, name, fields, run));

    private async Task AnswerAsync(
        HttpContext context, string name, IReadOnlyList<string> fields, Func<JsonElement, CancellationToken, Task<ActionResult>> run)
    {
        var (body, refusal) = await ReadAsync(context, fields);
        var result = refusal ?? await AuditedAsync(name, run(body, context.RequestAborted));
        if (result.IsDone) await LocalApiRoutes.WriteAsync(context, new ActionDocument(name, result.Message), LocalApiJson.Default.ActionDocument);
        else await LocalApiRoutes.RefuseAsync(context, result.Status, result.Message);
    }

    private async Task<ActionResult> AuditedAsync(string name, Task<ActionResult> action)
    {
        var started = time.GetTimestamp();
        var outcome = "unclear";
        try
        {
            var result = await action;
            outcome = result.IsDone ? "done" : "not done";
            return result;
        }
        finally
        {
            LogAction(_audit, "ask", "action", name, outcome, time.GetElapsedTime(started).TotalMilliseconds, CurrentComponent.Name);
        }
    }

    // The body, or why it is none: an object with no fields but the known ones; nothing is an empty one.
    private static async Task<(JsonElement Body, ActionResult? Refusal)> ReadAsync(HttpContext context, IReadOnlyList<string> fields)
    {
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size) size.MaxRequestBodySize = MaxBodyBytes;
        try
        {
            using var content = new MemoryStream();
            await context.Request.Body.CopyToAsync(content, context.RequestAborted);
            if (content.Length == 0) return (JsonText.EmptyObject, null);
            if (content.Length > MaxBodyBytes) return (default, TooLarge);
            var body = JsonElement.Parse(content.ToArray());
            if (body.ValueKind is not JsonValueKind.Object)
                return (default, ActionResult.Invalid($"body: expected a JSON object, got {JsonText.Describe(body)}"));
            var unknown = body.EnumerateObject().Select(JsonText.NameOf).FirstOrDefault(field => !fields.Contains(field));
            var known = fields.Count == 0 ? "no fields" : $"only {string.Join(", ", fields)}";
            return unknown is null ? (body, null) : (default, ActionResult.Invalid($"{JsonText.Shorten(unknown)}: is not known here, expected {known}"));
        }
        catch (JsonException)
        {
            return (default, ActionResult.Invalid("body: is not JSON, expected a JSON object"));
        }
        catch (BadHttpRequestException e)
        {
            return (default, e.StatusCode is StatusCodes.Status413PayloadTooLarge ? TooLarge : new ActionResult(e.StatusCode, "body: cannot be read"));
        }
    }

    private static ActionResult TooLarge => new(StatusCodes.Status413PayloadTooLarge, $"body: is too large, expected at most {MaxBodyBytes} bytes");

    [LoggerMessage(9010, LogLevel.Information, "{Verb} {Resource} {Object}: {Result} after {Milliseconds} ms, by {By}")]
    private static partial void LogAction(ILogger logger, string verb, string resource, string @object, string result, double milliseconds, string? by);
}
