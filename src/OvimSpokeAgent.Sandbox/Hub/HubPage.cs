using System.Reflection;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace OvimSpokeAgent.Sandbox.Hub;

/// <summary>The page that the hub's URL opens in a browser. It loads nothing from elsewhere and asks for one document a second.</summary>
internal static class HubPage
{
    private const string Policy =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        + "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    private static readonly (string Name, string ContentType)[] Files =
    [
        ("hub.css", "text/css; charset=utf-8"),
        ("hub.js", "text/javascript; charset=utf-8"),
        ("hub-view.js", "text/javascript; charset=utf-8"),
        ("hub-form.js", "text/javascript; charset=utf-8"),
        ("hub.svg", "image/svg+xml"),
    ];

    public static void Map(WebApplication app, HubSnapshot snapshot)
    {
        foreach (var (name, contentType) in Files)
        {
            var file = Read(name);
            app.MapGet($"/sandbox/page/{name}", context => SendAsync(context, file, contentType));
        }
        app.MapGet("/sandbox/state", context =>
        {
            context.Response.Headers.CacheControl = "no-store";
            return AgentEndpoints.AnswerAsync(context, 200, snapshot.Take());
        });
        app.MapGet("/sandbox/examples", context => AgentEndpoints.AnswerAsync(context, 200, OperationExamples.ToJson()));
    }

    /// <summary>Whether it is a browser that asks, to show the answer to a person.</summary>
    public static bool IsWanted(HttpRequest request) =>
        MediaTypeHeaderValue.TryParseList(request.Headers.Accept, out var types) && types.Any(type => type.MediaType == "text/html");

    public static Task SendAsync(HttpContext context) => SendAsync(context, Html.Value, "text/html; charset=utf-8");

    private static readonly Lazy<byte[]> Html = new(() => Read("hub.html"));

    private static Task SendAsync(HttpContext context, byte[] file, string contentType)
    {
        var headers = context.Response.Headers;
        headers.ContentSecurityPolicy = Policy;
        headers.XContentTypeOptions = "nosniff";
        headers["Referrer-Policy"] = "no-referrer";
        headers.CacheControl = "no-store"; // another hub may use the port next
        context.Response.ContentType = contentType;
        context.Response.ContentLength = file.Length;
        return context.Response.Body.WriteAsync(file).AsTask();
    }

    private static byte[] Read(string name)
    {
        using var resource = Assembly.GetExecutingAssembly().GetManifestResourceStream(name)
            ?? throw new InvalidOperationException($"{name} is not in the program");
        var content = new byte[resource.Length];
        resource.ReadExactly(content);
        return content;
    }
}
