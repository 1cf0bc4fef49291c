using System.Net.Http.Headers;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;
using k8s.Exceptions;
using OvimSpokeAgent.Configuration;
using OvimSpokeAgent.Supervision;
using OvimSpokeAgent.Validation;

namespace OvimSpokeAgent.Cluster;

/// <summary>
/// The Kubernetes API over HTTP, JSON by source generation: the same code runs under JIT and native AOT, and reads only the fields
/// that are used.
/// </summary>
internal sealed class KubernetesApi(
    ClusterClient client, ClusterCredentials credentials, ClusterConnectivity connectivity, TimeProvider time) : IKubernetesApi
{
    private const string MergePatch = "application/merge-patch+json";
    private const string ApplyPatch = "application/apply-patch+yaml";
    private const string FieldManager = $"fieldManager={WellKnownNames.Agent}";

    // Of what is asked for by its metadata alone, nothing else is sent (the API server, as all of 1.15 and later).
    private const string Json = "application/json";
    private const string MetadataOnly = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1";
    private const string MetadataListOnly = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";

    /// <summary>Limit of a request other than a watch.</summary>
    public static readonly TimeSpan RequestLimit = TimeSpan.FromSeconds(30);

    private static readonly ProductInfoHeaderValue UserAgent = new(WellKnownNames.Agent, AgentVersion.Current);

    public Task<T> GetAsync<T>(
        ResourceKind kind, NamespacedName name, JsonTypeInfo<T> type, CancellationToken cancellationToken) =>
        SendAsync(HttpMethod.Get, kind.ObjectPath(name), null, null, type, cancellationToken);

    public async Task<bool> IsServedAsync(ResourceKind kind, CancellationToken cancellationToken)
    {
        try
        {
            var served = await SendAsync(
                HttpMethod.Get, kind.DiscoveryPath, null, null, ClusterJson.Default.DiscoveredKinds, cancellationToken);
            return served.Resources?.Any(resource => resource?.Name == kind.Plural) is true;
        }
        catch (KubernetesApiException e) when (e.Reason is ApiErrorReason.NotFound or ApiErrorReason.NoKindMatch)
        {
            return false; // the server knows no such version of the group
        }
    }

    public Task<ListPage> ListAsync<T>(
        ResourceKind kind,
        string ns,
        ListQuery query,
        JsonTypeInfo<T> type,
        Action<ReadObject<T>> take,
        CancellationToken cancellationToken)
        where T : class, IKubernetesObject
    {
        var path = kind.CollectionPath(ns) + QueryString(query);
        return AskAsync(
            HttpMethod.Get,
            $"GET /{path.Split('?')[0]}",
            async (description, limit, token) =>
            {
                using var response = await OpenAsync(
                    path, typeof(T) == typeof(AnyObject) ? MetadataListOnly : Json, description, token, kind.IsAggregated);
                var body = await response.Content.ReadAsStreamAsync(token);
                return await ListReader.ReadAsync(body, type, TakeInTime, token);

                void TakeInTime(ReadObject<T> item)
                {
                    limit.CancelAfter(RequestLimit);
                    LoopTurn.Progress();
                    take(item);
                }
            },
            cancellationToken,
            kind.IsAggregated);
    }

    public async Task<IAsyncEnumerable<WatchEvent<T>>> WatchAsync<T>(
        ResourceKind kind, string ns, ListQuery query, JsonTypeInfo<T> type, CancellationToken cancellationToken)
        where T : class, IKubernetesObject
    {
        var path = kind.CollectionPath(ns) + QueryString(query, watch: true);
        var response = await AskAsync(
            HttpMethod.Get,
            $"GET /{path.Split('?')[0]} (watch)",
            (description, _, token) => OpenAsync(path, Json, description, token),
            cancellationToken);
        return ReadEventsAsync(response, type, $"watch {kind}", cancellationToken);
    }

    public Task<T> CreateAsync<T>(
        ResourceKind kind, string ns, JsonObject body, JsonTypeInfo<T> type, CancellationToken cancellationToken) =>
        SendAsync(HttpMethod.Post, $"{kind.CollectionPath(ns)}?{FieldManager}", body, Json, type, cancellationToken);

    public Task CheckCreateAsync(ResourceKind kind, string ns, JsonObject body, CancellationToken cancellationToken) => SendAsync(
        HttpMethod.Post,
        $"{kind.CollectionPath(ns)}?{FieldManager}&dryRun=All",
        body,
        Json,
        ClusterJson.Default.AnyObject,
        cancellationToken);

    public Task<T> MergePatchAsync<T>(
        ResourceKind kind, NamespacedName name, JsonObject patch, JsonTypeInfo<T> type, CancellationToken cancellationToken) =>
        SendAsync(HttpMethod.Patch, $"{kind.ObjectPath(name)}?{FieldManager}", patch, MergePatch, type, cancellationToken);

    public Task<T> MergePatchStatusAsync<T>(
        ResourceKind kind, NamespacedName name, JsonObject patch, JsonTypeInfo<T> type, CancellationToken cancellationToken) =>
        SendAsync(
            HttpMethod.Patch, $"{kind.ObjectPath(name, "status")}?{FieldManager}", patch, MergePatch, type, cancellationToken);

    public Task<T> ApplyAsync<T>(
        ResourceKind kind, NamespacedName name, JsonObject body, JsonTypeInfo<T> type, CancellationToken cancellationToken) =>
        SendAsync(
            HttpMethod.Patch, $"{kind.ObjectPath(name)}?{FieldManager}&force=true", body, ApplyPatch, type, cancellationToken);

    public Task DeleteAsync(
        ResourceKind kind, NamespacedName name, DeleteOptions options, CancellationToken cancellationToken)
    {
        var body = new JsonObject { ["apiVersion"] = "v1", ["kind"] = "DeleteOptions" };
        var preconditions = new JsonObject();
        if (options.Uid is { } uid) preconditions["uid"] = uid;
        if (options.ResourceVersion is { } version) preconditions["resourceVersion"] = version;
        if (preconditions.Count > 0) body["preconditions"] = preconditions;
        if (options.GracePeriod is { } grace) body["gracePeriodSeconds"] = (long)grace.TotalSeconds;
        if (options.Propagation is { } propagation) body["propagationPolicy"] = propagation;
        return ReadAnswerAsync(
            HttpMethod.Delete, kind.ObjectPath(name), body, Json, _ => true, cancellationToken);
    }

    public Task DeleteCollectionAsync(
        ResourceKind kind, string ns, string labelSelector, CancellationToken cancellationToken) =>
        ReadAnswerAsync(
            HttpMethod.Delete,
            kind.CollectionPath(ns) + QueryString(new ListQuery { LabelSelector = labelSelector }),
            null,
            null,
            _ => true,
            cancellationToken,
            MetadataListOnly); // all that was deleted comes back

    public Task PutSubresourceAsync(
        ResourceKind kind, NamespacedName name, string subresource, JsonObject? body, CancellationToken cancellationToken) =>
        ReadAnswerAsync(
            HttpMethod.Put, kind.ObjectPath(name, subresource), body ?? [], Json, _ => true, cancellationToken);

    private Task<T> SendAsync<T>(
        HttpMethod method, string path, JsonObject? body, string? contentType, JsonTypeInfo<T> type, CancellationToken cancellationToken) =>
        ReadAnswerAsync(
            method,
            path,
            body,
            contentType,
            answer => ObjectJson.Read(answer, type),
            cancellationToken,
            typeof(T) == typeof(AnyObject) ? MetadataOnly : Json);

    private delegate T AnswerReader<T>(ReadOnlySpan<byte> body);

    private Task<T> ReadAnswerAsync<T>(
        HttpMethod method,
        string path,
        JsonObject? body,
        string? contentType,
        AnswerReader<T> read,
        CancellationToken cancellationToken,
        string accept = Json) =>
        AskAsync(
            method,
            $"{method} /{path.Split('?')[0]}",
            async (description, _, token) =>
            {
                using var request = await CreateRequestAsync(method, path, body, contentType, accept, token);
                using var response = await client.HttpClient.SendAsync(request, HttpCompletionOption.ResponseContentRead, token);
                var answer = await response.Content.ReadAsByteArrayAsync(token);
                if (!response.IsSuccessStatusCode) throw Failure(response, answer, description);
                connectivity.Answered();
                return read(answer);
            },
            cancellationToken);

    // The answer's head; its body is the caller's to read.
    private async Task<HttpResponseMessage> OpenAsync(
        string path, string accept, string description, CancellationToken cancellationToken, bool isAggregated = false)
    {
        using var request = await CreateRequestAsync(HttpMethod.Get, path, null, null, accept, cancellationToken);
        var response = await client.HttpClient.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        if (response.IsSuccessStatusCode)
        {
            connectivity.Answered();
            return response;
        }
        using (response)
            throw Failure(response, await response.Content.ReadAsByteArrayAsync(cancellationToken), description, isAggregated);
    }

    private async Task<T> AskAsync<T>(
        HttpMethod method,
        string description,
        Func<string, CancellationTokenSource, CancellationToken, Task<T>> ask,
        CancellationToken cancellationToken,
        bool isAggregated = false)
    {
        var sentAt = time.GetTimestamp();
        using var limit = new CancellationTokenSource(RequestLimit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            return await ask(description, limit, either.Token);
        }
        catch (Exception e) when (IsBrokenConnection(e))
        {
            throw Unreachable(description, e, isAggregated);
        }
        catch (JsonException e)
        {
            throw Unreadable(description, e);
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            var problem = $"no answer within {RequestLimit.TotalSeconds} s";
            // A write may wait for a webhook or an aggregated API (virt-api is both): that says nothing about the server.
            if (method == HttpMethod.Get && !isAggregated) connectivity.TimedOut($"{client.BaseUri}: {problem}", sentAt);
            throw new KubernetesApiException(
                ApiErrorReason.Unavailable, $"{description} on {client.BaseUri}: {problem}", inner: new TimeoutException(problem, e));
        }
    }

    private async IAsyncEnumerable<WatchEvent<T>> ReadEventsAsync<T>(
        HttpResponseMessage response,
        JsonTypeInfo<T> type,
        string request,
        [EnumeratorCancellation] CancellationToken cancellationToken)
        where T : class, IKubernetesObject
    {
        using (response)
        {
            var stream = await response.Content.ReadAsStreamAsync(cancellationToken);
            await using var events = WatchReader.ReadAsync(stream, type, request, cancellationToken)
                .GetAsyncEnumerator(cancellationToken);
            while (await MoveNextAsync(events, request, cancellationToken)) yield return events.Current;
        }
    }

    private async Task<bool> MoveNextAsync<T>(
        IAsyncEnumerator<WatchEvent<T>> events, string description, CancellationToken cancellationToken)
        where T : class, IKubernetesObject
    {
        try
        {
            var more = await events.MoveNextAsync();
            if (more) connectivity.Heard();
            return more;
        }
        catch (Exception e) when (IsBrokenConnection(e))
        {
            cancellationToken.ThrowIfCancellationRequested();
            // The next connection tells whether the server is there: load balancers and restarts cut watches.
            throw new KubernetesApiException(ApiErrorReason.Unavailable, $"{description}: {e.Message}", inner: e);
        }
        catch (JsonException e)
        {
            throw Unreadable(description, e);
        }
    }

    private async Task<HttpRequestMessage> CreateRequestAsync(
        HttpMethod method, string path, JsonObject? body, string? contentType, string accept, CancellationToken cancellationToken)
    {
        var request = new HttpRequestMessage(method, new Uri(client.BaseUri, path)) { Version = new Version(2, 0) };
        request.Headers.UserAgent.Add(UserAgent);
        request.Headers.Accept.Add(MediaTypeWithQualityHeaderValue.Parse(accept));
        if (body is not null)
        {
            request.Content = new ByteArrayContent(Encoding.UTF8.GetBytes(body.ToJsonString()));
            request.Content.Headers.ContentType = new MediaTypeHeaderValue(contentType!);
        }
        await AuthenticateAsync(request, cancellationToken);
        return request;
    }

    private async Task AuthenticateAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        try
        {
            await credentials.ShowAsync(request, cancellationToken);
        }
        catch (Exception e) when (e.GetBaseException() is KubeConfigException or IOException or UnauthorizedAccessException or FormatException)
        {
            // What reading a token's file throws the library wraps.
            var problem = $"the agent's credentials for {client.BaseUri} cannot be read: {e.GetBaseException().Message}";
            credentials.Renew(); // half a token would be kept for a minute
            connectivity.Refused(problem);
            throw new KubernetesApiException(ApiErrorReason.Unauthorized, problem, inner: e);
        }
    }

    private KubernetesApiException Failure(HttpResponseMessage response, byte[] body, string description, bool isAggregated = false)
    {
        var retryAfter = response.Headers.RetryAfter switch
        {
            { Delta: { } delta } => delta,
            { Date: { } date } => date - time.GetUtcNow() is { Ticks: > 0 } wait ? wait : TimeSpan.Zero,
            _ => (TimeSpan?)null,
        };
        var text = Encoding.UTF8.GetString(body);
        var failure = StatusDocument.ToException(response.StatusCode, text, retryAfter, description, out var isFromServer);
        // Another server's refusal, or the plain text that it is not there. Only a 404 may be the API server's own.
        if (isAggregated && failure.Reason is not ApiErrorReason.NoKindMatch) return failure;
        // A proxy's 502 tells that there is no server behind it; the server's own 503 (an aggregated API that is down,
        // for example) tells that it is there.
        if (failure.Reason is ApiErrorReason.Unauthorized)
        {
            credentials.Renew();
            if (credentials.Expired() is { } expired)
                failure = new(failure.Reason, $"{failure.Message}: {expired}", failure.Causes, failure.RetryAfter, failure.InnerException);
            connectivity.Refused(failure.Message);
        }
        else if (failure.Reason is ApiErrorReason.Unavailable && !isFromServer)
        {
            connectivity.Failed(failure.Message);
        }
        else
        {
            connectivity.Answered();
            if (failure.Reason is ApiErrorReason.NoKindMatch && connectivity.MayHaveJustStarted)
                return new KubernetesApiException(ApiErrorReason.Unavailable, $"{failure.Message}: the API server may have just started");
        }
        return failure;
    }

    private KubernetesApiException Unreachable(string description, Exception e, bool isAggregated = false)
    {
        var cause = (e as HttpRequestException)?.InnerException?.Message ?? e.Message;
        // Where another server answers, an answer that breaks off may be that one's; whether this one is there the watches tell.
        if (!isAggregated) connectivity.Failed($"{client.BaseUri}: {cause}");
        return new KubernetesApiException(
            ApiErrorReason.Unavailable, $"{description} on {client.BaseUri}: {cause}", inner: e);
    }

    private static KubernetesApiException Unreadable(string description, JsonException e) =>
        new(ApiErrorReason.Unreadable, $"{description}: the answer cannot be read: {JsonText.Describe(e)}", inner: e);

    private static bool IsBrokenConnection(Exception e) => e is (HttpRequestException or IOException) && !e.IsFatal();

    private static string QueryString(ListQuery query, bool watch = false)
    {
        var parts = new List<string>();
        Add("labelSelector", query.LabelSelector);
        Add("fieldSelector", query.FieldSelector);
        Add("resourceVersion", query.ResourceVersion);
        Add("limit", query.Limit?.ToString(System.Globalization.CultureInfo.InvariantCulture));
        Add("continue", query.Continue);
        if (query.Timeout is { } timeout) parts.Add($"timeoutSeconds={(long)timeout.TotalSeconds}");
        // "watch=true" would have the library's own handler hand out the first line alone.
        if (watch) parts.AddRange(["watch=1", "allowWatchBookmarks=true"]);
        return parts.Count == 0 ? "" : "?" + string.Join('&', parts);

        void Add(string name, string? value)
        {
            if (value is not null) parts.Add($"{name}={Uri.EscapeDataString(value)}");
        }
    }
}
