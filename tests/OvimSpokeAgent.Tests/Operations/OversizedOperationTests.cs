using System.Text;
using System.Text.Json;
using OvimSpokeAgent.Operations;

namespace OvimSpokeAgent.Tests.Operations;

public sealed class OversizedOperationTests
{
    [Fact]
    public void What_its_answer_needs_is_kept_and_its_payload_is_known_again()
    {
        var (reduced, bytes) = Reduce("""{"x":{"id":"no"},"id":"op-1","type":"create_vm","timestamp":"2026-11-23T08:37:01Z","payload":{"a":[1,2]},"timeout_seconds":7}""");

        Assert.Equal(11, bytes);
        Assert.Equal("op-1", reduced.GetProperty("id").GetString());
        Assert.Equal("create_vm", reduced.GetProperty("type").GetString());
        Assert.Equal(7, reduced.GetProperty("timeout_seconds").GetInt32());
        Assert.False(reduced.TryGetProperty("x", out _));
        Assert.Equal(
            reduced.GetProperty("payload").GetRawText(),
            Reduce("""{"id":"op-2","payload":{"a":[1,2]}}""").Reduced.GetProperty("payload").GetRawText());
        Assert.NotEqual(
            reduced.GetProperty("payload").GetRawText(),
            Reduce("""{"id":"op-2","payload":{"a":[1,3]}}""").Reduced.GetProperty("payload").GetRawText());
    }

    [Fact]
    public void Values_that_the_envelope_cannot_have_are_left_out()
    {
        var (reduced, _) = Reduce($$"""{"id":"{{new string('x', 5000)}}","type":{"deep":[]} }""");

        Assert.False(reduced.TryGetProperty("id", out _));
        Assert.Equal(JsonValueKind.Object, reduced.GetProperty("type").ValueKind);
    }

    [Theory]
    [InlineData("[1,2]")]
    [InlineData("\"text\"")]
    public void What_is_no_object_is_no_operation(string text) => Assert.Equal(JsonValueKind.Null, Reduce(text).Reduced.ValueKind);

    private static (JsonElement Reduced, int PayloadBytes) Reduce(string text)
    {
        var reduced = OversizedOperation.Reduce(Encoding.UTF8.GetBytes(text), out var bytes);
        return (JsonElement.Parse(reduced.Span), bytes);
    }
}
