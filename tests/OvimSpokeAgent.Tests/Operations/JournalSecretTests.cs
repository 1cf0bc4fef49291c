using System.Text.Json;
using OvimSpokeAgent.Operations;

namespace OvimSpokeAgent.Tests.Operations;

public sealed class JournalSecretTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 23, 8, 37, 1, TimeSpan.Zero);

    private static readonly JournalRecord Received = new()
    {
        Operation = new Operation
        {
            Id = "op-1",
            Type = "create_vm",
            Key = new OperationKey("ovim-op-0123456789"),
            Timestamp = Now,
            Payload = JsonElement.Parse("""{"name":"web"}"""),
            Timeout = TimeSpan.FromSeconds(7),
        },
        State = JournalState.Received,
        Sequence = 42,
        ReceivedAt = Now,
    };

    [Fact]
    public void Record_that_is_not_finished_comes_back_with_its_payload_and_without_a_result()
    {
        var read = ReadBack(Received);

        Assert.Null(read.Result);
        Assert.Equal(JournalState.Received, read.State);
        Assert.Equal("web", read.Operation.Payload.GetProperty("name").GetString());
        Assert.Equal((Received.Operation.Id, Received.Operation.Type, Received.Key), (read.Operation.Id, read.Operation.Type, read.Key));
        Assert.Equal((42, Now, Received.Operation.Timeout), (read.Sequence, read.ReceivedAt, read.Operation.Timeout));
    }

    [Fact]
    public void Fact_that_was_fixed_comes_back() =>
        Assert.Equal("uid-1", ReadBack(Received with { State = JournalState.Started, Fact = "uid-1" }).Fact);

    [Fact]
    public void Result_comes_back_to_the_byte()
    {
        byte[] body = [.. """{"operation_id":"op-1"}"""u8];

        var read = ReadBack(Received with { State = JournalState.Finished, Result = body, FinishedAt = Now });

        Assert.Equal(body, read.Result!.Value.ToArray());
        Assert.Equal(Now, read.FinishedAt);
    }

    [Fact]
    public void Secret_of_someone_else_is_no_record()
    {
        var secret = JournalSecret.Create(Received, "ovim-system");
        secret["type"] = "Opaque";

        Assert.False(JournalSecret.TryRead(Parse(secret), out _));
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
        var secret = JournalSecret.Create(Received, "ovim-system");
        if (field == "record" && content.StartsWith("{\"", StringComparison.Ordinal))
        {
            var record = System.Text.Json.Nodes.JsonNode.Parse(Convert.FromBase64String((string)secret["data"]![field]!))!.AsObject();
            foreach (var (name, value) in System.Text.Json.Nodes.JsonNode.Parse(content)!.AsObject()) record[name] = value?.DeepClone();
            content = record.ToJsonString();
        }
        secret["data"]![field] = Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes(content));

        Assert.False(JournalSecret.TryRead(Parse(secret), out _));
    }

    [Fact]
    public void Operation_without_its_payload_is_no_record()
    {
        var secret = JournalSecret.Create(Received, "ovim-system");
        secret["data"]!.AsObject().Remove("payload");

        Assert.False(JournalSecret.TryRead(Parse(secret), out _));
    }

    private static JournalRecord ReadBack(JournalRecord record)
    {
        Assert.True(JournalSecret.TryRead(Parse(JournalSecret.Create(record, "ovim-system")), out var read));
        return read;
    }

    private static SecretObject Parse(System.Text.Json.Nodes.JsonObject secret) =>
        JsonSerializer.Deserialize(secret, JournalJson.Default.SecretObject)!;
}
