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
        Merge(secret, BatchSecret.Mark(new BitArray([false, true, false])));

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
        foreach (var (name, value) in patch["metadata"]!["annotations"]!.AsObject()) secret["metadata"]!["annotations"]![name] = value!.DeepClone();
    }

    private static StoredBatch? Read(JsonObject secret) =>
        BatchSecret.Read(JsonSerializer.Deserialize(secret, JournalJson.Default.SecretObject)!);

    private static OperationKey Key(char digit) => new("ovim-op-" + new string(digit, 40));
}
