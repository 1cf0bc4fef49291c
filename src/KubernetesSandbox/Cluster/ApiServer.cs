using Microsoft.AspNetCore.Http;

namespace KubernetesSandbox.Cluster;

/// <summary>Takes a request, notes it, lets a fault happen, and hands it to the part that answers it.</summary>
internal sealed class ApiServer(
    KindRegistry kinds,
    Discovery discovery,
    ListEndpoint lists,
    WatchEndpoint watches,
    WriteEndpoint writes,
    AggregatedApis aggregated,
    ObjectStore store,
    ClusterSeams seams)
{
    private readonly AggregationProxy _proxy = new(aggregated);

    public async Task HandleAsync(HttpContext http)
    {
        var path = RequestPath.Parse(http.Request.Path.Value ?? "/");
        var request = Describe(http, path);
        seams.Requests.Add(request);
        try
        {
            await ClusterFaultMiddleware.InvokeAsync(http, request, seams, () => AnswerAsync(http, path, request));
        }
        catch (ApiException e) when (!http.Response.HasStarted)
        {
            await Answers.ErrorAsync(http, e);
        }
        catch (OperationCanceledException) when (http.RequestAborted.IsCancellationRequested)
        {
            // The client left.
        }
    }

    private async Task AnswerAsync(HttpContext http, RequestPath? path, ClusterRequest request)
    {
        if (path is null)
        {
            await AnswerOtherAsync(http);
            return;
        }
        seams.Access.Check(http.Request, request);
        if (path.Group == "authorization.k8s.io" && http.Request.Method == "POST")
        {
            await AnswerReviewAsync(http, path);
            return;
        }
        if (kinds.Find(path.Group, path.Version, path.Plural) is not { } kind)
        {
            if (kinds.HasVersion(path.Group, path.Version)) throw ApiErrors.NoSuchResource();
            if (aggregated.Find(path.Group, path.Version) is { } apiService) await _proxy.HandleAsync(http, apiService);
            else await Answers.TextAsync(http, 404, ApiErrors.PageNotFound);
            return;
        }
        // A whole collection of a namespaced kind can be read without naming a namespace, an object cannot.
        if (kind.Namespaced ? path.Namespace is null && path.Name is not null : path.Namespace is not null)
            throw ApiErrors.NoSuchResource();
        await DispatchAsync(new ApiCall { Http = http, Kind = kind, Path = path, Verb = request.Verb, Time = seams.Time });
    }

    private Task DispatchAsync(ApiCall call)
    {
        CheckSubresource(call);
        var hasName = call.Path.Name is not null;
        return call.Verb switch
        {
            "watch" => watches.HandleAsync(call),
            "list" => lists.HandleAsync(call),
            "get" => Answers.ObjectAsync(
                call,
                200,
                store.Get(KindRegistry.StoredAs(call.Kind), call.Key) ?? throw ApiErrors.NotFound(call.Kind, call.Name)),
            "create" when !hasName && (call.Path.Namespace is not null || !call.Kind.Namespaced) => writes.CreateAsync(call),
            "update" when hasName => writes.ReplaceAsync(call),
            "patch" when hasName => writes.PatchAsync(call),
            "delete" => writes.DeleteAsync(call),
            "deletecollection" => writes.DeleteCollectionAsync(call),
            _ => throw ApiErrors.MethodNotAllowed(),
        };
    }

    private static void CheckSubresource(ApiCall call)
    {
        switch (call.Path.Subresource)
        {
            case null:
                return;
            case "status" when call.Kind.HasStatus:
            case "finalize" when call.Kind.Resource == BuiltInKinds.Namespace.Resource:
                if (call.Verb is not ("get" or "update" or "patch")) throw ApiErrors.MethodNotAllowed();
                return;
            default:
                throw ApiErrors.NoSuchResource();
        }
    }

    private async Task AnswerReviewAsync(HttpContext http, RequestPath path)
    {
        var review = await RequestBody.ReadAsync(http.Request, path.Plural) ?? [];
        var answer = path.Plural switch
        {
            "selfsubjectaccessreviews" => seams.Access.Review(http.Request, review),
            "subjectaccessreviews" => seams.Access.ReviewSubject(review, new RoleRules(store)),
            "selfsubjectrulesreviews" => AccessRules.ReviewRules(review),
            _ => throw ApiErrors.NoSuchResource(),
        };
        await Answers.JsonAsync(http, 201, answer);
    }

    private Task AnswerOtherAsync(HttpContext http)
    {
        var parts = (http.Request.Path.Value ?? "").Split('/', StringSplitOptions.RemoveEmptyEntries);
        if (parts is ["healthz" or "livez" or "readyz", ..]) return Answers.TextAsync(http, 200, "ok");
        if (parts is ["version"]) return Answers.JsonAsync(http, 200, KubernetesVersion.ToInfo());
        if (parts is ["openapi", "v2"]) return OpenApi.AnswerAsync(http);
        if (parts is ["apis", var group, var version] && !kinds.HasVersion(group, version)
            && aggregated.Find(group, version) is { } apiService)
        {
            return _proxy.HandleAsync(http, apiService);
        }
        return discovery.Answer(parts) is { } document
            ? Answers.JsonAsync(http, 200, document)
            : Answers.TextAsync(http, 404, ApiErrors.PageNotFound);
    }

    private static ClusterRequest Describe(HttpContext http, RequestPath? path)
    {
        var request = http.Request;
        var isWatch = ApiCall.IsTrue(request.Query["watch"].ToString());
        var isNamed = path?.Name is not null;
        var verb = request.Method switch
        {
            "GET" when path is not null => isWatch ? "watch" : isNamed ? "get" : "list",
            "POST" when path is not null => "create",
            "PUT" => "update",
            "PATCH" => "patch",
            "DELETE" => isNamed ? "delete" : "deletecollection",
            var other => other.ToLowerInvariant(),
        };
        return new ClusterRequest
        {
            Verb = verb,
            Method = request.Method,
            Group = path?.Group ?? "",
            Resource = path?.Plural ?? "",
            Namespace = path?.Namespace,
            Name = path?.Name,
            Subresource = path?.Subresource,
            Path = request.Path.Value ?? "",
            Query = request.QueryString.Value ?? "",
            UserAgent = request.Headers.UserAgent.ToString(),
        };
    }
}
