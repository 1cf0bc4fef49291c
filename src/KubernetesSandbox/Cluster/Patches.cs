using System.Text.Json;
using System.Text.Json.Nodes;

namespace KubernetesSandbox.Cluster;

/// <summary>The kinds of patches that <c>PATCH</c> takes.</summary>
internal static class Patches
{
    public const string ApplyType = "application/apply-patch+yaml";

    private const string JsonType = "application/json-patch+json";
    private const string MergeType = "application/merge-patch+json";
    private const string StrategicType = "application/strategic-merge-patch+json";

    /// <summary>The media types for a kind: custom ones know no strategy.</summary>
    public static IReadOnlyList<string> AcceptedFor(ResourceKind kind) =>
        kind.IsCustom ? [JsonType, MergeType, ApplyType] : [JsonType, MergeType, StrategicType, ApplyType];

    /// <exception cref="ApiException">400: not what such a patch is.</exception>
    public static JsonNode Parse(string text, string type)
    {
        try
        {
            var node = JsonNode.Parse(text);
            return (type, node) switch
            {
                (JsonType, JsonArray) or (not JsonType, JsonObject) => node,
                _ => throw ApiErrors.BadRequest(
                    $"error decoding patch: {(type == JsonType ? "an array is expected" : "an object is expected")}"),
            };
        }
        catch (JsonException e)
        {
            throw ApiErrors.BadRequest($"error decoding patch: {e.Message}");
        }
    }

    /// <summary>What a server-side apply applies: an object of the kind, under the name in the path.</summary>
    /// <exception cref="ApiException">400: it is not.</exception>
    public static JsonObject ParseApplied(ApiCall call, string text)
    {
        var applied = RequestBody.Parse(text, ApplyType, call.Kind.Kind);
        if (applied.Text("apiVersion") != call.Kind.ApiVersion)
        {
            throw ApiErrors.BadRequest(
                $"Incorrect version specified in apply patch. Specified patch version: {applied.Text("apiVersion")}, "
                + $"expected: {call.Kind.ApiVersion}");
        }
        if (applied.Text("kind") != call.Kind.Kind)
            throw ApiErrors.BadRequest($"Incorrect kind specified in apply patch: {applied.Text("kind")}, expected: {call.Kind.Kind}");
        ObjectShape.Check(call.Kind, applied);
        if (applied.Metadata().ContainsKey("managedFields"))
            throw ApiErrors.BadRequest("metadata.managedFields must be nil");
        if (applied.Text("metadata", "name") is not { Length: > 0 } name)
        {
            throw ApiErrors.BadRequest(
                $"the name of the object ({call.Name} based on URL) was undeterminable: name must be provided");
        }
        if (name != call.Name)
            throw ApiErrors.BadRequest($"the name of the object ({name}) does not match the name on the URL ({call.Name})");
        if (call.Kind.HasStatus && call.Path.Subresource is null) applied.Remove("status");
        return EventWords.IsSpokenBy(call.Kind) ? EventWords.ToCore(applied) : applied;
    }

    /// <exception cref="ApiException">422: it does not fit the object.</exception>
    public static JsonObject Apply(ResourceKind kind, StoredObject current, JsonNode patch, string type)
    {
        if (type == StrategicType) return StrategicMergePatch.Apply(current.Content, patch.AsObject(), FieldSchema.Of(kind));
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

    public static ApiException InvalidOptions(InvalidField problem) => new(
        422,
        "Invalid",
        $"PatchOptions.meta.k8s.io \"\" is invalid: {problem.Field}: {problem.Message}",
        new JsonObject { ["group"] = "meta.k8s.io", ["kind"] = "PatchOptions", ["causes"] = new JsonArray(problem.ToCause()) });
}
