using System.Collections;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using OvimSpokeAgent.Operations;

namespace OvimSpokeAgent.Tests.Operations;

public sealed class BatchSecretTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 23, 8, 37, 1, TimeSpan.Zero);
    private static readonly OperationKey[] Keys = [Key('a'), Key('b'), Key('c')];
    private static readonly byte[] Content = [.. """[{"id":"op-1"},{"id":"op-2","n":[1,{"x":"]"}]},{"id":"op-3"}]"""u8];

    [Fact]
    public void Operations_come_back_each_with_its_key_and_its_text()
    {
        var read = Read(Secret())!.Value;

        Assert.Equal(Keys, read.Keys);
        Assert.Equal((42L, Now, 3), (read.Batch.Sequence, read.Batch.ReceivedAt, read.Batch.Count));
        Assert.Equal(
            ["""{"id":"op-1"}""", """{"id":"op-2","n":[1,{"x":"]"}]}""", """{"id":"op-3"}"""],
            Enumerable.Range(0, 3).Select(i => Encoding.UTF8.GetString(read.Batch.TextOf(i, read.Content).Span)));
        Assert.False(read.Batch.IsDirty || read.Batch.HaveAllLeft || read.Batch.Releases(0));
    }

    [Fact]
    public void Those_that_left_are_known_again()
    {
        var secret = Secret();
        Merge(secret, BatchSecret.Mark(new BitArray([false, true, false]), []));

        var batch = Read(secret)!.Value.Batch;

        Assert.Equal([false, true, false], batch.Left.Cast<bool>());
        Assert.Equal((false, true, false), (batch.Releases(0), batch.Releases(1), batch.Releases(2)));
        batch.Left[0] = true;
        Assert.True(batch.IsDirty);
        batch.Stored(new BitArray(batch.Left));
        Assert.False(batch.IsDirty);
        batch.Left[2] = true;
        Assert.True(batch.HaveAllLeft);
    }

    [Fact]
    public void Steps_that_it_holds_are_known_again_until_their_operations_have_left()
    {
        var secret = Secret();
        var batch = Read(secret)!.Value.Batch;
        var header = new OperationHeader { Id = "op-2", Type = "stop_vm", Key = Keys[1], Timestamp = Now };
        var started = OperationJournal.RecordIn(batch, 1, header, 7) with { State = JournalState.Started, Checkpoint = "uid-1" };
        var finished = started with { State = JournalState.Finished, HasResult = true, BodyBytes = 2, FinishedAt = Now };

        Merge(secret, BatchSecret.Step(started, null));
        Assert.Equal(started, Step() with { Place = started.Place });
        Merge(secret, BatchSecret.Step(finished, "{}"u8.ToArray()));
        Assert.Equal(finished, Step() with { Place = started.Place });
        Assert.Equal("{}"u8.ToArray(), Read(secret)!.Value.Steps[1].Body);
        Assert.Equal([1], Read(secret)!.Value.Batch.Steps);

        Merge(secret, BatchSecret.Mark(new BitArray([false, true, false]), [1]));
        Assert.Empty(Read(secret)!.Value.Steps);

        JournalRecord Step()
        {
            var (batch, steps) = (Read(secret)!.Value.Batch, Read(secret)!.Value.Steps);
            Assert.Equal((batch.Name, 1), (steps[1].Record.Place!.Value.Batch.Name, steps[1].Record.Place!.Value.Index));
            return steps[1].Record;
        }
    }

    [Fact]
    public void Secret_is_found_and_told_from_a_record_by_its_labels()
    {
        var labels = Secret()["metadata"]!["labels"]!;

        Assert.Equal(("batch", "ovim-batch-1"), ((string?)labels["ovim.io/operation-state"], (string?)labels["ovim.io/operation-batch"]));
    }

    [Fact]
    public void Names_are_of_one_content_and_in_the_order_of_arrival()
    {
        var first = BatchSecret.NameOf(1_795_000_000_000_000, Content);

        Assert.NotEqual(first, BatchSecret.NameOf(1_795_000_000_000_000, "[1]"u8));
        Assert.True(string.CompareOrdinal(first, BatchSecret.NameOf(1_795_000_000_000_001, "[1]"u8)) < 0);
        Assert.True(first.Length <= 63);
    }

    [Theory]
    [InlineData("data", "operations", "")]
    [InlineData("data", "operations", "[]")]
    [InlineData("data", "operations", "{}")]
    [InlineData("data", "operations", """[{"id":"op-1"},{"id":"op-2"}]""")]
    [InlineData("data", "operations", """[{"id":"op-1"},{"id":"op-2"},{"id":"op-3"}""")]
    [InlineData("data", "operations", """[{"id":"op-1"},{"id":"op-2"},{"id":"op-3"}][]""")]
    [InlineData("data", "keys", "abc")]
    [InlineData("data", "step-3", """{"record":{}}""")]
    [InlineData("data", "step-1", "nonsense")]
    [InlineData("data", "step-1", """{"record":{"id":"op-2","type":"stop_vm","timestamp":"2026-11-23T08:00:00Z","state":"Finished","sequence":43,"receivedAt":"2026-11-23T08:00:00Z","resultBytes":2}}""")]
    [InlineData("annotations", "ovim.io/operation-record", "{}")]
    [InlineData("annotations", "ovim.io/operation-record", "nonsense")]
    [InlineData("annotations", "ovim.io/operations-left", "nonsense")]
    [InlineData("annotations", "ovim.io/operations-left", "AAAA")]
    public void Secret_that_was_edited_to_what_no_agent_writes_holds_no_operations(string part, string name, string content)
    {
        var secret = Secret();
        if (part == "data") secret["data"]![name] = Convert.ToBase64String(Encoding.UTF8.GetBytes(content));
        else secret["metadata"]!["annotations"]![name] = content;

        Assert.Null(Read(secret));
    }

    [Fact]
    public void Secret_of_someone_else_holds_no_operations()
    {
        var secret = Secret();
        secret["type"] = "Opaque";

        Assert.Null(Read(secret));
    }

    private static JsonObject Secret()
    {
        var batch = new OperationBatch("ovim-batch-1", 42, Now, [1, 15, 48], Content.Length, new BitArray(3));
        return BatchSecret.Create(new StoredBatch(batch, Keys, Content), "ovim-system");
    }

    private static void Merge(JsonObject secret, JsonObject patch)
    {
        foreach (var (name, value) in patch["metadata"]?["annotations"]!.AsObject() ?? []) secret["metadata"]!["annotations"]![name] = value!.DeepClone();
        foreach (var (name, value) in patch["data"]!.AsObject())
        {
            if (value is null) secret["data"]!.AsObject().Remove(name);
            else secret["data"]![name] = value.DeepClone();
        }
    }

    private static StoredBatch? Read(JsonObject secret) =>
        BatchSecret.Read(JsonSerializer.Deserialize(secret, JournalJson.Default.SecretObject)!);

    private static OperationKey Key(char digit) => new("ovim-op-" + new string(digit, 40));
}
