using System.Text.Json.Nodes;

namespace KubernetesSandbox.Cluster;

/// <summary>One of <c>details.causes</c> of an invalid object.</summary>
/// <param name="Reason">e.g. <c>FieldValueInvalid</c>.</param>
/// <param name="Message">What is wrong.</param>
/// <param name="Field">Path of the field.</param>
internal sealed record InvalidField(string Reason, string Message, string Field)
{
    public static InvalidField Value(string field, string value, string problem) =>
        new("FieldValueInvalid", $"Invalid value: {JsonValue.Create(value).ToText()}: {problem}", field);

    public static InvalidField Required(string field, string? problem = null) =>
        new("FieldValueRequired", problem is null ? "Required value" : $"Required value: {problem}", field);

    public static InvalidField Forbidden(string field, string problem) =>
        new("FieldValueForbidden", $"Forbidden: {problem}", field);

    public JsonObject ToCause() => new() { ["reason"] = Reason, ["message"] = Message, ["field"] = Field };
}

/// <summary>The API server's errors in its words.</summary>
internal static class ApiErrors
{
    /// <summary>A path that no group serves: a text, not a Status.</summary>
    public const string PageNotFound = "404 page not found\n";

    private const string Changed =
        "the object has been modified; please apply your changes to the latest version and try again";

    public static ApiException NotFound(ResourceKind kind, string name) =>
        new(404, "NotFound", $"{kind.Resource} \"{name}\" not found", Details(kind, name));

    /// <summary>The group is there, the kind is not.</summary>
    public static ApiException NoSuchResource() =>
        new(404, "NotFound", "the server could not find the requested resource", []);

    public static ApiException MethodNotAllowed() =>
        new(405, "MethodNotAllowed", "the server does not allow this method on the requested resource", []);

    public static ApiException AlreadyExists(ResourceKind kind, string name) =>
        new(409, "AlreadyExists", $"{kind.Resource} \"{name}\" already exists", Details(kind, name));

    public static ApiException Conflict(ResourceKind kind, string name, string problem = Changed) =>
        new(409, "Conflict", $"Operation cannot be fulfilled on {kind.Resource} \"{name}\": {problem}", Details(kind, name));

    /// <summary>A precondition of a deletion that fails: here the server names the kind, not the resource.</summary>
    public static ApiException PreconditionFailed(ResourceKind kind, string name, string problem) =>
        new(
            409,
            "Conflict",
            $"Operation cannot be fulfilled on {kind.QualifiedKind} \"{name}\": {problem}",
            Details(kind, name, useKind: true));

    public static ApiException Forbidden(ResourceKind kind, string name, string problem, JsonObject? cause = null)
    {
        var details = Details(kind, name);
        if (cause is not null) details["causes"] = new JsonArray(cause);
        return new(403, "Forbidden", $"{kind.Resource} \"{name}\" is forbidden: {problem}", details);
    }

    public static ApiException BadRequest(string message) => new(400, "BadRequest", message);

    public static ApiException UnsupportedMediaType(IEnumerable<string> accepted) =>
        new(
            415,
            "UnsupportedMediaType",
            $"the body of the request was in an unknown format - accepted media types include: {string.Join(", ", accepted)}");

    public static ApiException InternalError(string message) => new(500, "InternalError", message);

    public static ApiException Invalid(ResourceKind kind, string name, IReadOnlyList<InvalidField> fields)
    {
        var problems = fields.Select(field => $"{field.Field}: {field.Message}").ToList();
        var message = problems.Count == 1 ? problems[0] : $"[{string.Join(", ", problems)}]";
        var details = Details(kind, name, useKind: true);
        details["causes"] = new JsonArray([.. fields.Select(field => field.ToCause())]);
        return new(422, "Invalid", $"{kind.QualifiedKind} \"{name}\" is invalid: {message}", details);
    }

    public static ApiException Expired(string message) => new(410, "Expired", message);

    public static ApiException TooLargeVersion(long asked, long current) =>
        new(504, "Timeout", $"Timeout: Too large resource version: {asked}, current: {current}", new JsonObject
        {
            ["causes"] = new JsonArray(new JsonObject
            {
                ["reason"] = "ResourceVersionTooLarge",
                ["message"] = "Too large resource version",
            }),
            ["retryAfterSeconds"] = 1,
        });

    private static JsonObject Details(ResourceKind kind, string name, bool useKind = false)
    {
        var details = new JsonObject();
        if (name.Length > 0) details["name"] = name;
        if (kind.Group.Length > 0) details["group"] = kind.Group;
        details["kind"] = useKind ? kind.Kind : kind.Plural;
        return details;
    }
}
