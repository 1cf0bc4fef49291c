using System.Net;
using OvimSpokeAgent.Cluster;

namespace OvimSpokeAgent.Tests.Cluster;

public sealed class StatusDocumentTests
{
    [Theory]
    [InlineData(400, "BadRequest", ApiErrorReason.Invalid, false)]
    [InlineData(401, "Unauthorized", ApiErrorReason.Unauthorized, false)]
    [InlineData(403, "Forbidden", ApiErrorReason.Forbidden, false)]
    [InlineData(404, "NotFound", ApiErrorReason.NotFound, false)]
    [InlineData(405, "MethodNotAllowed", ApiErrorReason.Invalid, false)]
    [InlineData(408, "Timeout", ApiErrorReason.Unavailable, true)]
    [InlineData(409, "AlreadyExists", ApiErrorReason.AlreadyExists, false)]
    [InlineData(409, "Conflict", ApiErrorReason.Conflict, false)]
    [InlineData(410, "Expired", ApiErrorReason.Expired, false)]
    [InlineData(415, "UnsupportedMediaType", ApiErrorReason.Invalid, false)]
    [InlineData(422, "Invalid", ApiErrorReason.Invalid, false)]
    [InlineData(429, "TooManyRequests", ApiErrorReason.TooManyRequests, true)]
    [InlineData(500, "InternalError", ApiErrorReason.Unavailable, true)]
    [InlineData(503, "ServiceUnavailable", ApiErrorReason.Unavailable, true)]
    [InlineData(504, "Timeout", ApiErrorReason.Unavailable, true)]
    public void Status_is_the_error_it_says(int code, string reason, object expected, bool isTransient)
    {
        var e = Read(code, $$"""{"kind":"Status","status":"Failure","message":"as it was said","reason":"{{reason}}","details":{"name":"web"},"code":{{code}}}""", out var isFromServer);

        Assert.Equal(((ApiErrorReason)expected, "as it was said", isTransient), (e.Reason, e.Message, e.IsTransient));
        Assert.True(isFromServer);
    }

    [Theory]
    [InlineData("404 page not found\n", false)]
    [InlineData("""{"kind":"Status","message":"the server could not find the requested resource","reason":"NotFound","details":{},"code":404}""", true)]
    [InlineData("""{"kind":"Status","message":"the server could not find the requested resource","reason":"NotFound","code":404}""", true)]
    public void Missing_kind_is_told_from_a_missing_object(string body, bool expectedFromServer)
    {
        var e = Read(404, body, out var isFromServer);

        Assert.Equal(ApiErrorReason.NoKindMatch, e.Reason);
        Assert.Equal("the cluster does not have this kind of object (GET /apis/x)", e.Message);
        Assert.Equal(expectedFromServer, isFromServer);
    }

    [Theory]
    [InlineData(403, "secrets \"ovim-op-1\" is forbidden: exceeded quota: few, requested: count/secrets=1, used: count/secrets=3, limited: count/secrets=3", true)]
    [InlineData(403, "secrets is forbidden: User \"x\" cannot create resource \"secrets\" in API group \"\" in the namespace \"ovim-system\"", false)]
    [InlineData(403, "secrets \"ovim-op-1\" is forbidden: status unknown for quota: few, resources: count/secrets", false)]
    [InlineData(500, "etcdserver: mvcc: database space exceeded", true)]
    [InlineData(500, "etcdserver: request timed out", false)]
    [InlineData(503, "apiserver is shutting down", false)]
    [InlineData(507, "no space left on device", true)]
    [InlineData(413, "Request entity too large: limit is 3145728", false)]
    public void Lack_of_room_is_told_from_what_merely_fails(int code, string message, bool expected) => Assert.Equal(
        expected,
        Read(code, new System.Text.Json.Nodes.JsonObject { ["kind"] = "Status", ["message"] = message, ["code"] = code }.ToJsonString(), out _).IsLackOfRoom);

    [Fact]
    public void Causes_name_their_fields()
    {
        var e = Read(
            422,
            """
            {"kind":"Status","message":"admission webhook denied the request","details":{"name":"web","causes":[
              {"reason":"FieldValueInvalid","message":"too small","field":"spec.template.spec.domain.memory"},{"message":"no field"},{}]},"code":422}
            """,
            out _);

        Assert.Equal(
            [new("spec.template.spec.domain.memory", "too small"), new("", "no field"), new("", "")], e.Causes);
    }

    [Theory]
    [InlineData(null, """{"kind":"Status","details":{"retryAfterSeconds":7},"code":429}""", 7)]
    [InlineData(3, """{"kind":"Status","details":{"retryAfterSeconds":7},"code":429}""", 3)]
    [InlineData(null, """{"kind":"Status","details":{"retryAfterSeconds":0},"code":429}""", null)]
    [InlineData(null, "busy", null)]
    public void Header_says_how_long_to_wait_else_the_status_does(int? header, string body, int? seconds)
    {
        var retryAfter = header is { } h ? TimeSpan.FromSeconds(h) : (TimeSpan?)null;

        var e = StatusDocument.ToException(HttpStatusCode.TooManyRequests, body, retryAfter, "GET /apis/x", out _);

        Assert.Equal(seconds, (int?)e.RetryAfter?.TotalSeconds);
    }

    [Theory]
    [InlineData(502, "<html>\nBad Gateway</html>", "GET /apis/x: 502 <html>�Bad Gateway</html>")]
    [InlineData(503, "", "GET /apis/x: 503 ")]
    [InlineData(500, "{\"kind\":\"Status\"", "GET /apis/x: 500 {\"kind\":\"Status\"")]
    [InlineData(500, "{\"kind\":7}", "GET /apis/x: 500 {\"kind\":7}")]
    [InlineData(500, "{\"kind\":\"Error\",\"message\":\"x\"}", "GET /apis/x: 500 {\"kind\":\"Error\",\"message\":\"x\"}")]
    public void Answer_of_something_in_between_is_shown_with_the_request(int code, string body, string message)
    {
        var e = Read(code, body, out var isFromServer);

        Assert.Equal((ApiErrorReason.Unavailable, message), (e.Reason, e.Message));
        Assert.False(isFromServer);
    }

    [Fact]
    public void Status_without_a_message_is_shown_as_it_is()
    {
        var e = Read(500, """{"kind":"Status","code":500}""", out var isFromServer);

        Assert.Equal("""GET /apis/x: 500 {"kind":"Status","code":500}""", e.Message);
        Assert.True(isFromServer);
    }

    // A webhook's answer can have any length, and is looked through for what RBAC says.
    [Fact]
    public void Message_of_any_length_is_cut_off_before_anybody_looks_at_it()
    {
        var message = string.Concat(Enumerable.Repeat("is forbidden: User \\\"", 100_000));
        var causes = string.Join(',', Enumerable.Repeat($$"""{"field":"{{message}}","message":"{{message}}"}""", 3).Concat(Enumerable.Repeat("{}", 10_000)));

        var e = Read(403, $$$"""{"kind":"Status","message":"{{{message}}}","code":403,"details":{"causes":[{{{causes}}}]}}""", out _);

        Assert.Equal(2049, e.Message.Length);
        Assert.EndsWith("…", e.Message, StringComparison.Ordinal);
        Assert.Equal(20, e.Causes.Count);
        Assert.All(e.Causes, cause => Assert.True(cause.Field.Length <= 2049 && cause.Message.Length <= 2049));
    }

    private static KubernetesApiException Read(int code, string body, out bool isFromServer) =>
        StatusDocument.ToException((HttpStatusCode)code, body, null, "GET /apis/x", out isFromServer);
}
