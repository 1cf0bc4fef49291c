using System.Text.Json;
using OvimSpokeAgent.Operations;

namespace OvimSpokeAgent.Tests.Operations;

/// <summary>What makes an operation the same, and what the hub may send as one.</summary>
public sealed class OperationEnvelopeTests
{
    private const string Plain =
        """{"id":"op-1","type":"stop_vm","timestamp":"2026-11-23T08:37:01.1234567Z","payload":{"name":"web","namespace":"acme"}}""";

    private static readonly OperationRegistry Registry = new([new StopHandler()]);

    [Theory]
    [InlineData("""{"id":"op-1","type":"stop_vm","timestamp":"2026-11-23T08:37:01.1234567Z","payload":{"name":"web","namespace":"acme"},"retry_count":7,"timeout_seconds":5,"priority":"high"}""")]
    [InlineData("""{ "payload" : { "namespace" : "acme", "name" : "web" }, "timestamp":"2026-11-23T08:37:01.1234567Z", "type":"stop_vm", "id":"op-1" }""")]
    [InlineData("""{"id":"op-1","type":"VMStop","timestamp":"2026-11-23T09:37:01.123456700+01:00","payload":{"name":"web","namespace":"acme"}}""")]
    [InlineData("""{"id":"op-1","type":"stop_vm","timestamp":"2026-11-23T08:37:01.1234567Z","payload":{"name":"db","name":"\u0077eb","namespace":"acme"}}""")]
    public void Same_operation_in_other_words_is_the_same(string json) => Assert.Equal(KeyOf(Plain), KeyOf(json));

    [Theory]
    [InlineData("""{"id":"op-2","type":"stop_vm","timestamp":"2026-11-23T08:37:01.1234567Z","payload":{"name":"web","namespace":"acme"}}""")]
    [InlineData("""{"id":"op-1","type":"start_vm","timestamp":"2026-11-23T08:37:01.1234567Z","payload":{"name":"web","namespace":"acme"}}""")]
    [InlineData("""{"id":"op-1","type":"stop_vm","timestamp":"2026-11-23T08:37:01.123456701Z","payload":{"name":"web","namespace":"acme"}}""")]
    [InlineData("""{"id":"op-1","type":"stop_vm","payload":{"name":"web","namespace":"acme"}}""")]
    [InlineData("""{"id":"op-1","type":"stop_vm","timestamp":"2026-11-23T08:37:01.1234567Z","payload":{"name":"web","namespace":"acme","force":true}}""")]
    public void Other_operation_with_much_the_same_words_is_another(string json) => Assert.NotEqual(KeyOf(Plain), KeyOf(json));

    [Theory]
    [InlineData("op-20261123-083701-000")]
    [InlineData("A.b_c~d:e")]
    [InlineData("...")]
    public void Id_that_can_stand_in_a_path_is_usable(string id) => Assert.Equal(id, Parse($$"""{"id":"{{id}}"}""").Operation!.Id);

    [Theory]
    [InlineData("null")]
    [InlineData("7")]
    [InlineData("\"\"")]
    [InlineData("\".\"")]
    [InlineData("\"..\"")]
    [InlineData("\"a/b\"")]
    [InlineData("\"a b\"")]
    [InlineData("\"a%2fb\"")]
    [InlineData("\"a?b\"")]
    [InlineData("\"\\u0000\"")]
    [InlineData("\"\\r\\nX-Admin: 1\"")]
    [InlineData("\"\u00e4\"")]
    [InlineData("\"\\ud800\"")]
    public void Id_that_cannot_is_said_and_answered_by_nothing(string id)
    {
        var (operation, error) = Parse($$"""{"id":{{id}},"type":"stop_vm"}""");

        Assert.Null(operation);
        Assert.StartsWith("operation without a usable id: id: ", error, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error!);
    }

    [Theory]
    [InlineData("7")]
    [InlineData("\"op-1\"")]
    [InlineData("null")]
    [InlineData("[]")]
    public void What_is_no_object_is_no_operation(string json)
    {
        Assert.Null(Parse(json).Operation);
        Assert.Contains("is not an object", Parse(json).Error, StringComparison.Ordinal);
    }

    // An escape like this parses and is no text: every look at it could throw.
    [Theory]
    [InlineData("""{"id":"op-1","\ud800":1,"type":"stop_vm","payload":{"name":"web"}}""", null)]
    [InlineData("""{"id":"op-1","type":"\ud800"}""", "type: ")]
    [InlineData("""{"id":"op-1","type":"stop_vm","timestamp":"\udc00"}""", "timestamp: ")]
    [InlineData("""{"id":"op-1","type":"stop_vm","payload":{"\ud800":1,"name":"web"}}""", null)]
    [InlineData("""{"id":"op-1","type":"stop_vm","payload":{"name":"\ud800\ud800"}}""", null)]
    public void Lone_surrogates_harm_nothing(string json, string? error)
    {
        var (operation, problem) = Parse(json);

        Assert.Equal("op-1", operation!.Id);
        Assert.Equal(KeyOf(json), operation.Key.Value);
        if (error is null) Assert.Null(problem);
        else Assert.StartsWith(error, problem, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"\ud800":1,"name":"web"}""", "web")]
    [InlineData("""{"name":"web","\ud800":1}""", "web")]
    [InlineData("""{"name":"db","\ud800":1,"name":"web"}""", "web")]
    [InlineData("""{"\ud800":1}""", null)]
    public void Payload_is_read_past_a_name_that_is_no_text(string json, string? name) =>
        Assert.Equal(name, new PayloadReader(JsonElement.Parse(json)).OptionalString("name"));

    [Theory]
    [InlineData("""{"id":"op-1","type":"stop_vm","timestamp":"yesterday"}""", "timestamp: \"yesterday\" is not an RFC 3339 time with zone")]
    [InlineData("""{"id":"op-1","type":"stop_vm","timestamp":"2026-11-23T08:37:01"}""", "timestamp: \"2026-11-23T08:37:01\" is not an RFC 3339 time with zone")]
    [InlineData("""{"id":"op-1","type":"stop_vm","timeout_seconds":-1}""", "timeout_seconds: -1 is not a whole number from 0 to 2147483647")]
    [InlineData("""{"id":"op-1","type":"stop_vm","payload":[1]}""", "payload: an array of 3 bytes (not shown) is not an object")]
    [InlineData("""{"id":"op-1"}""", "type: missing, expected a string")]
    public void What_else_is_wrong_becomes_the_result(string json, string error)
    {
        var (operation, problem) = Parse(json);

        Assert.NotNull(operation);
        Assert.StartsWith(error, problem, StringComparison.Ordinal);
    }

    private static string KeyOf(string json) => Parse(json).Operation!.Key.Value;

    private static OperationEnvelope Parse(string json) =>
        OperationEnvelope.Parse(JsonElement.Parse(json), Registry, DateTimeOffset.UnixEpoch);

    private sealed class StopHandler : IOperationHandler
    {
        public string Type => "stop_vm";

        public IReadOnlyList<string> Aliases => ["VMStop"];

        public OperationPlan? Plan(PayloadReader payload) => null;
    }
}
