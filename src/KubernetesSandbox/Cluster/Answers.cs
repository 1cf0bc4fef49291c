using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace KubernetesSandbox.Cluster;

/// <summary>Writes what the server answers.</summary>
internal static class Answers
{
    public static async Task JsonAsync(HttpContext http, int code, JsonNode body)
    {
        http.Response.StatusCode = code;
        http.Response.ContentType = "application/json";
        await http.Response.Body.WriteAsync(body.ToBytes(), http.RequestAborted);
    }

    public static async Task TextAsync(HttpContext http, int code, string text)
    {
        http.Response.StatusCode = code;
        http.Response.ContentType = "text/plain; charset=utf-8";
        await http.Response.Body.WriteAsync(Encoding.UTF8.GetBytes(text), http.RequestAborted);
    }

    public static Task ErrorAsync(HttpContext http, ApiException error)
    {
        if (error.RetryAfter is { } seconds)
            http.Response.Headers.RetryAfter = seconds.ToString(CultureInfo.InvariantCulture);
        return JsonAsync(http, error.Code, error.ToStatus());
    }

    public static async Task ObjectAsync(ApiCall call, int code, StoredObject one)
    {
        switch (AcceptedViews.Of(call.Http.Request, isList: false))
        {
            case AcceptedView.Table:
                await JsonAsync(call.Http, code, TableView.Of(call, [one], null));
                return;
            case AcceptedView.Metadata:
                await JsonAsync(call.Http, code, MetadataView.Of(one));
                return;
        }
        call.Http.Response.StatusCode = code;
        call.Http.Response.ContentType = "application/json";
        Write(call.Http.Response.BodyWriter, call.Kind, one);
        await call.Http.Response.BodyWriter.FlushAsync(call.Http.RequestAborted);
    }

    /// <summary>An object in the words of the version that was asked for.</summary>
    /// <param name="withKind">Items of built-in lists come without.</param>
    public static void Write(IBufferWriter<byte> to, ResourceKind kind, StoredObject one, bool withKind = true)
    {
        to.Write("{"u8);
        if (withKind) to.Write(Encoding.UTF8.GetBytes($"\"kind\":\"{kind.Kind}\",\"apiVersion\":\"{kind.ApiVersion}\","));
        to.Write(EventWords.IsSpokenBy(kind) ? EventWords.ToGroup(one).Body.Span : one.Body.Span);
    }
}
