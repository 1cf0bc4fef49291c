using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using OvimSpokeAgent.Operations;

namespace OvimSpokeAgent.Tests.Operations;

public sealed class JournalSecretTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 23, 8, 37, 1, TimeSpan.Zero);

    private static readonly byte[] Payload = [.. """{"name":"web"}"""u8];

    private static readonly JournalRecord Received = new()
    {
        Operation = new OperationHeader
        {
            Id = "op-1",
            Type = "create_vm",
            Key = new OperationKey("ovim-op-0123456789"),
            Timestamp = Now,
            Timeout = TimeSpan.FromSeconds(7),
        },
        State = JournalState.Received,
        Sequence = 42,
        ReceivedAt = Now,
        BodyBytes = Payload.Length,
    };

    [Fact]
    public void Record_that_is_not_finished_comes_back_with_its_payload()
    {
        var (read, body) = ReadBack(Received, Payload);

        Assert.Equal(Received with { Version = "7" }, read);
        Assert.Equal(Payload, body);
    }

    [Fact]
    public void Fact_that_was_fixed_comes_back() => Assert.Equal(
        "uid-1", ReadBack(Received with { State = JournalState.Started, Checkpoint = "uid-1" }, Payload).Record.Checkpoint);

    [Fact]
    public void Result_comes_back_to_the_byte()
    {
        byte[] result = [.. """{"operation_id":"op-1"}"""u8];
        var finished = Received with { State = JournalState.Finished, HasResult = true, BodyBytes = result.Length, FinishedAt = Now };

        var (read, body) = ReadBack(finished, result);

        Assert.Equal(result, body);
        Assert.Equal(finished with { Version = "7" }, read);
    }

    [Fact]
    public void Metadata_alone_tell_of_the_record_all_but_its_body()
    {
        var settled = Received with
        {
            State = JournalState.Delivered,
            HasResult = true,
            BodyBytes = 17,
            FinishedAt = Now,
            ExpiresAt = Now.AddHours(1),
        };

        foreach (var record in (JournalRecord[])[Received, Received with { State = JournalState.Started, Checkpoint = "uid-1" }, settled])
            Assert.Equal(record with { Version = "7" }, JournalSecret.Read(Parse(Create(record, Payload)).Metadata));
    }

    [Fact]
    public void Record_of_an_earlier_agent_is_read_from_the_content_alone()
    {
        var secret = JsonNode.Parse("""
            {"type":"ovim.io/operation.v1","metadata":{"name":"ovim-op-0123456789","resourceVersion":"7",
             "labels":{"ovim.io/operation-state":"received"},"annotations":{"ovim.io/operation-id":"op-1"}}}
            """)!.AsObject();
        secret["data"] = new JsonObject
        {
            ["record"] = Base64("""
                {"id":"op-1","type":"create_vm","timestamp":"2026-11-23T08:37:01+00:00","timeoutSeconds":7,"state":"Received","sequence":42,
                 "receivedAt":"2026-11-23T08:37:01+00:00"}
                """),
            ["payload"] = Base64("""{"name":"web"}"""),
        };

        Assert.Null(JournalSecret.Read(Parse(secret).Metadata));
        Assert.Equal(Received with { Version = "7" }, JournalSecret.Read(Parse(secret))!.Value.Record);
    }

    [Fact]
    public void What_earlier_agents_read_is_still_written()
    {
        var secret = Create(Received, Payload);

        var record = JsonNode.Parse(Convert.FromBase64String((string)secret["data"]!["record"]!))!;
        Assert.Equal(("op-1", "Received", 42), ((string?)record["id"], (string?)record["state"], (int)record["sequence"]!));
        Assert.Equal(Payload, Convert.FromBase64String((string)secret["data"]!["payload"]!));
        Assert.Equal("received", (string?)secret["metadata"]!["labels"]!["ovim.io/operation-state"]);
    }

    [Fact]
    public void Secret_of_someone_else_is_no_record()
    {
        var secret = Create(Received, Payload);
        secret["type"] = "Opaque";

        Assert.Null(JournalSecret.Read(Parse(secret)));
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("nonsense")]
    public void Metadata_that_were_edited_tell_of_no_record_and_its_content_still_does(string annotation)
    {
        var secret = Create(Received, Payload);
        secret["metadata"]!["annotations"]!["ovim.io/operation-record"] = annotation;

        Assert.Null(JournalSecret.Read(Parse(secret).Metadata));
        Assert.NotNull(JournalSecret.Read(Parse(secret)));
    }

    // What a hand that edits Secrets can leave behind: each of these would have stopped the agent later on.
    [Theory]
    [InlineData("record", "")]
    [InlineData("record", "null")]
    [InlineData("record", "[]")]
    [InlineData("record", "{}")]
    [InlineData("record", "{\"id\":null}")]
    [InlineData("record", "{\"id\":\"a/b\"}")]
    [InlineData("record", "{\"type\":null}")]
    [InlineData("record", "{\"state\":\"Cooking\"}")]
    [InlineData("record", "{\"state\":17}")]
    [InlineData("record", "{\"timeoutSeconds\":9000000000000000000}")]
    [InlineData("record", "{\"timeoutSeconds\":0}")]
    [InlineData("record", "{\"state\":\"Delivered\"}")]
    [InlineData("payload", "")]
    [InlineData("payload", "{\"name\":")]
    [InlineData("payload", "[]")]
    public void Secret_that_was_edited_to_what_no_agent_writes_is_no_record(string field, string content)
    {
        var secret = Create(Received, Payload);
        if (field == "record" && content.StartsWith("{\"", StringComparison.Ordinal))
        {
            var record = JsonNode.Parse(Convert.FromBase64String((string)secret["data"]![field]!))!.AsObject();
            foreach (var (name, value) in JsonNode.Parse(content)!.AsObject()) record[name] = value?.DeepClone();
            content = record.ToJsonString();
        }
        secret["data"]![field] = Base64(content);

        Assert.Null(JournalSecret.Read(Parse(secret)));
    }

    [Fact]
    public void Operation_without_its_payload_is_no_record()
    {
        var secret = Create(Received, Payload);
        secret["data"]!.AsObject().Remove("payload");

        Assert.Null(JournalSecret.Read(Parse(secret)));
    }

    private static (JournalRecord Record, byte[] Body) ReadBack(JournalRecord record, byte[] body)
    {
        var stored = JournalSecret.Read(Parse(Create(record, body)))!.Value;
        return (stored.Record, stored.Body.ToArray());
    }

    private static JsonObject Create(JournalRecord record, byte[] body)
    {
        var secret = JournalSecret.Create(record, body, "ovim-system");
        secret["metadata"]!["resourceVersion"] = "7";
        return secret;
    }

    private static SecretObject Parse(JsonObject secret) => JsonSerializer.Deserialize(secret, JournalJson.Default.SecretObject)!;

    private static string Base64(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));
}
