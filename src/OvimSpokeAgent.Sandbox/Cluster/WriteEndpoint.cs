using System.Text.Json;
using System.Text.Json.Nodes;

namespace OvimSpokeAgent.Sandbox.Cluster;

/// <summary>Answers what creates, changes and deletes objects.</summary>
internal sealed class WriteEndpoint(ObjectStore store, ObjectWriter writer, ObjectDeleter deleter)
{
    public async Task CreateAsync(ApiCall call)
    {
        var body = WordsOf(call, await RequestBody.ReadObjectAsync(call));
        await Answers.ObjectAsync(call, 201, writer.Create(call.Kind, call.Namespace, body, OptionsOf(call)));
    }

    public async Task ReplaceAsync(ApiCall call)
    {
        var body = WordsOf(call, await RequestBody.ReadObjectAsync(call));
        var options = OptionsOf(call) with { IsReplacement = true };
        if (call.Kind.CreatesOnUpdate && store.Get(KindRegistry.StoredAs(call.Kind), call.Key) is null)
        {
            if (body.Text("metadata", "name") != call.Name)
                throw ApiErrors.BadRequest($"the name of the object does not match the name on the URL ({call.Name})");
            await Answers.ObjectAsync(call, 201, writer.Create(call.Kind, call.Namespace, body, options));
            return;
        }
        await Answers.ObjectAsync(call, 200, writer.Update(call.Kind, call.Key, _ => body.Copy(), options));
    }

    public async Task PatchAsync(ApiCall call)
    {
        var type = RequestBody.MediaType(call.Http.Request);
        var accepted = Patches.AcceptedFor(call.Kind);
        if (!accepted.Contains(type)) throw ApiErrors.UnsupportedMediaType(accepted);
        var patch = Patches.Parse(await RequestBody.ReadTextAsync(call.Http.Request, call.Http.RequestAborted), type);
        var updated = writer.Update(call.Kind, call.Key, current => Patches.Apply(call.Kind, current, patch, type), OptionsOf(call));
        await Answers.ObjectAsync(call, 200, updated);
    }

    public async Task DeleteAsync(ApiCall call)
    {
        var deletion = deleter.Delete(call.Kind, call.Key, await ReadDeleteRequestAsync(call));
        if (!deletion.IsGone || AnswersWithObject(call.Kind))
        {
            await Answers.ObjectAsync(call, 200, deletion.Object);
            return;
        }
        var details = new JsonObject { ["name"] = call.Name };
        if (call.Kind.Group.Length > 0) details["group"] = call.Kind.Group;
        details["kind"] = call.Kind.Plural;
        details["uid"] = deletion.Object.Uid;
        await Answers.JsonAsync(call.Http, 200, new JsonObject
        {
            ["kind"] = "Status",
            ["apiVersion"] = "v1",
            ["metadata"] = new JsonObject(),
            ["status"] = "Success",
            ["details"] = details,
        });
    }

    public async Task DeleteCollectionAsync(ApiCall call)
    {
        var isSelected = call.Selection();
        var request = await ReadDeleteRequestAsync(call);
        var snapshot = store.Read(KindRegistry.StoredAs(call.Kind));
        var selected = snapshot.Objects.Values.Where(isSelected).ToList();
        foreach (var one in selected)
        {
            // One that someone else deleted meanwhile is as it should be.
            if (store.Get(one.Resource, one.Key) is not null) deleter.Delete(call.Kind, one.Key, request);
        }
        await Answers.JsonAsync(call.Http, 200, new JsonObject
        {
            ["kind"] = call.Kind.ListKind,
            ["apiVersion"] = call.Kind.ApiVersion,
            ["metadata"] = new JsonObject { ["resourceVersion"] = $"{store.Version}" },
            ["items"] = new JsonArray([.. selected.Select(one => one.Content.DeepClone())]),
        });
    }

    private static WriteOptions OptionsOf(ApiCall call) => new()
    {
        DryRun = call.IsDryRun,
        Subresource = call.Path.Subresource,
    };

    private static JsonObject WordsOf(ApiCall call, JsonObject body) =>
        EventWords.IsSpokenBy(call.Kind) ? EventWords.ToCore(body) : body;

    // As the real server: these answer with what they deleted, the others with a Status.
    private static bool AnswersWithObject(ResourceKind kind) =>
        kind.Resource is ("", "pods" or "services" or "persistentvolumeclaims" or "persistentvolumes" or "serviceaccounts"
            or "resourcequotas" or "namespaces");

    private static async Task<DeleteRequest> ReadDeleteRequestAsync(ApiCall call)
    {
        var text = await RequestBody.ReadTextAsync(call.Http.Request, call.Http.RequestAborted);
        JsonObject body = text.Length == 0 ? [] : RequestBody.Parse(text, RequestBody.MediaType(call.Http.Request), "DeleteOptions");
        var propagation = body.Text("propagationPolicy") ?? call.Query("propagationPolicy");
        var orphan = body.Flag("orphanDependents") ?? (call.Query("orphanDependents") is { Length: > 0 } flag && ApiCall.IsTrue(flag));
        return new DeleteRequest
        {
            Uid = body.Text("preconditions", "uid"),
            ResourceVersion = body.Text("preconditions", "resourceVersion"),
            GraceSeconds = body.Number("gracePeriodSeconds") ?? call.Number("gracePeriodSeconds"),
            DryRun = call.IsDryRun || body.Items("dryRun").Texts().Contains("All"),
            Propagation = propagation switch
            {
                "Foreground" => Propagation.Foreground,
                "Orphan" => Propagation.Orphan,
                "Background" => Propagation.Background,
                "" => orphan ? Propagation.Orphan : Propagation.Background,
                _ => throw InvalidPropagation(propagation),
            },
        };
    }

    private static ApiException InvalidPropagation(string text)
    {
        const string Problem = "must be one of: Foreground, Background, Orphan, \"\"";
        return new(422, "Invalid", $"DeleteOptions.meta.k8s.io \"\" is invalid: propagationPolicy: Invalid value: \"{text}\": {Problem}");
    }
}

/// <summary>The kinds of patches.</summary>
internal static class Patches
{
    public const string JsonType = "application/json-patch+json";
    public const string MergeType = "application/merge-patch+json";

    /// <summary>The media types that <c>PATCH</c> takes for a kind.</summary>
    public static IReadOnlyList<string> AcceptedFor(ResourceKind kind) => [JsonType, MergeType];

    /// <exception cref="ApiException">400: not JSON; 422: not what such a patch is.</exception>
    public static JsonNode Parse(string text, string type)
    {
        try
        {
            var node = JsonNode.Parse(text);
            return (type, node) switch
            {
                (JsonType, JsonArray) or (not JsonType, JsonObject) => node,
                _ => throw Unusable(text, type == JsonType ? "an array is expected" : "an object is expected"),
            };
        }
        catch (JsonException e)
        {
            throw ApiErrors.BadRequest($"error decoding patch: {e.Message}");
        }
    }

    /// <exception cref="ApiException">422: it does not fit the object.</exception>
    public static JsonObject Apply(ResourceKind kind, StoredObject current, JsonNode patch, string type)
    {
        if (patch is not JsonArray operations) return MergePatch.Apply(current.Content, patch.AsObject());
        try
        {
            return JsonPatch.Apply(current.Content, operations) as JsonObject
                ?? throw new JsonPatchException("the result is no object");
        }
        catch (JsonPatchException e)
        {
            throw new ApiException(422, "Invalid", $"the server rejected our request due to an error in our request: {e.Message}", []);
        }
    }

    private static ApiException Unusable(string text, string problem) => new(
        422,
        "Invalid",
        $" \"\" is invalid: patch: Invalid value: {JsonValue.Create(text).ToText()}: {problem}",
        new JsonObject
        {
            ["causes"] = new JsonArray(new JsonObject
            {
                ["reason"] = "FieldValueInvalid",
                ["message"] = $"Invalid value: {JsonValue.Create(text).ToText()}: {problem}",
                ["field"] = "patch",
            }),
        });
}
