using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace KubernetesSandbox.Cluster;

/// <summary>Reads what a request carries.</summary>
internal static class RequestBody
{
    /// <summary>The real server takes no more either.</summary>
    public const int MaxBytes = 3 << 20;

    private static readonly string[] Accepted = ["application/json", "application/yaml", ProtobufBody.MediaType];

    /// <summary>The media type without its parameters; JSON if none is given.</summary>
    public static string MediaType(HttpRequest request)
    {
        var type = (request.ContentType ?? "").Split(';')[0].Trim();
        return type.Length == 0 ? "application/json" : type;
    }

    public static async Task<string> ReadTextAsync(HttpRequest request, CancellationToken cancellationToken) =>
        Encoding.UTF8.GetString(await ReadBytesAsync(request, cancellationToken));

    /// <summary>The object that a request carries in any of the forms that there are; null if it carries none.</summary>
    /// <param name="request">The request.</param>
    /// <param name="what">The kind, for messages.</param>
    /// <exception cref="ApiException">400 or 415: not such an object.</exception>
    public static async Task<JsonObject?> ReadAsync(HttpRequest request, string what)
    {
        var bytes = await ReadBytesAsync(request, request.HttpContext.RequestAborted);
        if (bytes.Length == 0) return null;
        var mediaType = MediaType(request);
        if (mediaType != ProtobufBody.MediaType) return Parse(Encoding.UTF8.GetString(bytes), mediaType, what);
        try
        {
            return ProtobufBody.Parse(bytes) ?? throw ApiErrors.UnsupportedMediaType(Accepted);
        }
        catch (InvalidDataException e)
        {
            throw Unrecognized(what, e.Message);
        }
    }

    /// <summary>An object of a kind; what kind it says it is must be right, but need not be said.</summary>
    /// <exception cref="ApiException">400 or 415: not such an object.</exception>
    public static async Task<JsonObject> ReadObjectAsync(ApiCall call)
    {
        var content = await ReadAsync(call.Http.Request, call.Kind.Kind) ?? throw Unrecognized(call.Kind.Kind, "the body is empty");
        CheckKind(call.Kind, content);
        return content;
    }

    private static async Task<byte[]> ReadBytesAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        using var buffer = new MemoryStream();
        var chunk = new byte[16 << 10];
        int read;
        while ((read = await request.Body.ReadAsync(chunk, cancellationToken)) > 0)
        {
            buffer.Write(chunk, 0, read);
            if (buffer.Length > MaxBytes)
                throw new ApiException(413, "RequestEntityTooLarge", $"Request entity too large: limit is {MaxBytes}");
        }
        return buffer.ToArray();
    }

    /// <summary>JSON or YAML text of one object.</summary>
    /// <exception cref="ApiException">400 or 415: not such a text.</exception>
    public static JsonObject Parse(string text, string mediaType, string what)
    {
        try
        {
            var node = mediaType switch
            {
                "application/json" => JsonNode.Parse(text),
                "application/yaml" or "application/apply-patch+yaml" => YamlText.Parse(text),
                _ => throw ApiErrors.UnsupportedMediaType(Accepted),
            };
            return node as JsonObject ?? throw new JsonException("not an object");
        }
        catch (Exception e) when (e is JsonException or YamlDotNet.Core.YamlException)
        {
            throw Unrecognized(what, e.Message);
        }
    }

    private static ApiException Unrecognized(string what, string problem) => ApiErrors.BadRequest(
        $"the object provided is unrecognized (must be of type {what}): couldn't get version/kind; json parse error: {problem}");

    private static void CheckKind(ResourceKind kind, JsonObject content)
    {
        var (saidKind, saidVersion) = (content.Text("kind"), content.Text("apiVersion"));
        if (kind.IsCustom && string.IsNullOrEmpty(saidKind))
            throw ApiErrors.BadRequest($"Object 'Kind' is missing in '{content.ToText()}'");
        if (string.IsNullOrEmpty(saidKind) && string.IsNullOrEmpty(saidVersion)) return;
        if ((string.IsNullOrEmpty(saidKind) || saidKind == kind.Kind)
            && (string.IsNullOrEmpty(saidVersion) || saidVersion == kind.ApiVersion))
        {
            return;
        }
        throw ApiErrors.BadRequest(
            $"{saidKind} in version \"{saidVersion}\" cannot be handled as a {kind.Kind}: expected {kind.Kind} of {kind.ApiVersion}");
    }
}
