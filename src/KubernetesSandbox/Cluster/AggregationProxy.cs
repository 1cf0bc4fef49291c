using Microsoft.AspNetCore.Http;

namespace KubernetesSandbox.Cluster;

/// <summary>Hands requests on to the servers of aggregated APIs, with the caller's name in <c>X-Remote-…</c> headers.</summary>
internal sealed class AggregationProxy(AggregatedApis apis)
{
    private const string RemoteUser = "X-Remote-User";
    private const string RemoteGroup = "X-Remote-Group";

    // Of one connection, not of the request; and what only this server may say.
    private static readonly HashSet<string> NotPassedOn = new(StringComparer.OrdinalIgnoreCase)
    {
        "Connection", "Keep-Alive", "Proxy-Authenticate", "Proxy-Authorization", "TE", "Trailer", "Transfer-Encoding", "Upgrade",
        "Host", "Authorization",
    };

    public async Task HandleAsync(HttpContext http, StoredObject apiService)
    {
        if (apis.ServerOf(apiService) is not { } server)
        {
            await Answers.TextAsync(http, 503, "service unavailable\n");
            return;
        }
        using var request = RequestTo(server, http.Request);
        HttpResponseMessage response;
        try
        {
            response = await apis.SendAsync(server, request, http.RequestAborted);
        }
        catch (Exception e) when (e is HttpRequestException || (e is OperationCanceledException && !http.RequestAborted.IsCancellationRequested))
        {
            await Answers.TextAsync(http, 503, $"Error trying to reach service: '{e.Message}'\n");
            return;
        }
        using (response) await AnswerAsync(http, response);
    }

    private static HttpRequestMessage RequestTo(RemoteServer server, HttpRequest from)
    {
        var request = new HttpRequestMessage(new HttpMethod(from.Method), server.UriOf(from.Path + from.QueryString));
        if (from.ContentLength > 0 || from.Headers.TransferEncoding.Count > 0) request.Content = new StreamContent(from.Body);
        foreach (var (name, values) in from.Headers)
        {
            if (NotPassedOn.Contains(name) || name.StartsWith("X-Remote-", StringComparison.OrdinalIgnoreCase)) continue;
            if (!request.Headers.TryAddWithoutValidation(name, values.AsEnumerable()))
                request.Content?.Headers.TryAddWithoutValidation(name, values.AsEnumerable());
        }
        request.Headers.Add(RemoteUser, AccessRules.UserOf(from));
        request.Headers.Add(RemoteGroup, AccessRules.Group);
        return request;
    }

    private static async Task AnswerAsync(HttpContext http, HttpResponseMessage response)
    {
        http.Response.StatusCode = (int)response.StatusCode;
        foreach (var (name, values) in response.Headers.Concat(response.Content.Headers))
        {
            if (!NotPassedOn.Contains(name)) http.Response.Headers[name] = values.ToArray();
        }
        await response.Content.CopyToAsync(http.Response.Body, http.RequestAborted);
    }
}
