using System.Text;
using System.Text.Json;
using OvimSpokeAgent.Hub;

namespace OvimSpokeAgent.Tests.Hub;

public sealed class PollAnswerReaderTests
{
    private const string Array =
        """[{"id":"ö-1","type":"start_vm","payload":{"a":[1,{"b":"}]"}]}}, null, 7, {"id":"op-2","n":1.5e3},"x",{"id":"op-3"}]""";

    private static readonly string Wrapped = $$"""{"count":3,"more":{"operations":[1]},"operations":{{Array}},"next":[[]]}""";

    [Theory]
    [InlineData("")]
    [InlineData(" \r\n\t")]
    [InlineData("null")]
    [InlineData(" null\n")]
    [InlineData("[]")]
    [InlineData(" [ ] ")]
    [InlineData("""{"operations":[]}""")]
    [InlineData("""{"operations":null}""")]
    [InlineData("""{"operations":null,"status":"idle"}""")]
    public void Nothing_queued_comes_in_many_shapes(string body)
    {
        var answer = Parse(body);

        Assert.Empty(answer.Operations);
        Assert.Null(answer.Loss);
    }

    [Fact]
    public void Array_and_wrapper_hold_the_operations_in_their_order()
    {
        foreach (var body in (string[])[Array, $"\n{Array}\n", Wrapped, "\uFEFF" + Array])
        {
            var answer = Parse(body);

            Assert.Equal(
                ["""{"id":"ö-1","type":"start_vm","payload":{"a":[1,{"b":"}]"}]}}""", "null", "7", """{"id":"op-2","n":1.5e3}""", "\"x\"", """{"id":"op-3"}"""],
                answer.Operations.Select(operation => operation.GetRawText()));
            Assert.Null(answer.Loss);
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Answer_that_broke_off_anywhere_keeps_its_whole_operations_and_tells_the_loss(bool wrapped)
    {
        var body = Encoding.UTF8.GetBytes(wrapped ? Wrapped : Array);
        var whole = Parse(body).Operations.Select(operation => operation.GetRawText()).ToList();
        // Where each operation ends in the answer.
        var ends = whole.Select(text => Encoding.UTF8.GetString(body).IndexOf(text, wrapped ? 40 : 0, StringComparison.Ordinal) + text.Length)
            .Select(chars => Encoding.UTF8.GetByteCount(Encoding.UTF8.GetString(body)[..chars])).ToList();

        for (var length = 1; length < body.Length; length++)
        {
            var answer = Parse(body[..length]);

            var kept = answer.Operations.Select(operation => operation.GetRawText()).ToList();
            Assert.Equal(whole.Take(kept.Count), kept);
            // A number's end shows by what follows it.
            Assert.InRange(kept.Count, ends.Count(end => end < length), ends.Count(end => end <= length));
            Assert.NotNull(answer.Loss);
        }
    }

    [Fact]
    public void Reason_of_the_break_is_the_loss()
    {
        Assert.Equal("connection reset", Read([], "connection reset", 1).Loss);
        Assert.Equal("connection reset", Read(Encoding.UTF8.GetBytes(Array), "connection reset", 1000).Loss);
        Assert.Equal(6, Read(Encoding.UTF8.GetBytes(Array), "connection reset", 1000).Operations.Count);
    }

    [Theory]
    [InlineData("<html>Bad Gateway</html>", 0)]
    [InlineData("\"busy\"", 0)]
    [InlineData("17 ", 0)]
    [InlineData("true", 0)]
    [InlineData("{}", 0)]
    [InlineData("""{"error":"no such agent"}""", 0)]
    [InlineData("""{"operations":{"id":"op-1"}}""", 0)]
    [InlineData("""{"operations":"none"}""", 0)]
    [InlineData("""[{"id":"op-1"},{"id":"op-2"},oops,{"id":"op-3"}]""", 2)]
    [InlineData("""[{"id":"op-1"} {"id":"op-2"}]""", 1)]
    [InlineData("""[{"id":"op-1"},]""", 1)]
    [InlineData("""{"operations":[{"id":"op-1"}],oops}""", 1)]
    [InlineData("""[{"id":"op-1"}][{"id":"op-2"}]""", 1)]
    [InlineData("""[{"id":"op-1"}]{"id":"op-2"}""", 1)]
    [InlineData("""[{"id":"op-1"}],{"id":"op-2"}""", 1)]
    [InlineData("""[]garbage""", 0)]
    [InlineData("""null[{"id":"op-1"}]""", 0)]
    [InlineData("""{"operations":[{"id":"op-1"}]}{"operations":[{"id":"op-2"}]}""", 1)]
    public void What_is_not_as_it_should_be_is_a_loss_and_what_came_before_is_kept(string body, int kept)
    {
        var answer = Parse(body);

        Assert.Equal(kept, answer.Operations.Count);
        Assert.NotNull(answer.Loss);
        Assert.DoesNotContain('\n', answer.Loss);
    }

    // What is broken may hold a payload's secrets.
    [Theory]
    [InlineData("""[{"id":"op-1","payload":{"cloud_init":truec4n4rybird}}]""")]
    [InlineData("""[{"id":"op-1","payload":{"cloud_init":nullc4n4rybird}}]""")]
    [InlineData("""[{"id":"op-1","payload":{"cloud_init":12c4n4rybird}}]""")]
    [InlineData("""[{"id":"op-1","payload":{"cloud_init":"c4n4rybird}]""")]
    [InlineData("""[{"id":"op-1","payload":{c4n4rybird:1}}]""")]
    [InlineData("\"[{cloud_init: c4n4rybird}]\"")]
    [InlineData("c4n4rybird")]
    [InlineData("""{"c4n4rybird":[]}""")]
    public void What_is_not_as_it_should_be_is_not_shown(string body) =>
        Assert.DoesNotContain("c4n4ry", Parse(body).Loss!, StringComparison.Ordinal);

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(7)]
    [InlineData(1000)]
    public void Answer_is_the_same_in_whatever_pieces_it_comes(int piece)
    {
        foreach (var body in (string[])[Array, Wrapped, "\uFEFF" + Array, " null ", "[]", """[{"id":"op-1"}][{"id":"op-2"}]""", """{"operations":{}}"""])
        {
            var bytes = Encoding.UTF8.GetBytes(body);
            var (whole, pieces) = (Parse(bytes), Read(bytes, null, piece));

            Assert.Equal(whole.Operations.Select(operation => operation.GetRawText()), pieces.Operations.Select(operation => operation.GetRawText()));
            Assert.Equal(whole.Loss is null, pieces.Loss is null);
        }
    }

    [Fact]
    public void Operation_is_handed_on_as_soon_as_it_is_whole()
    {
        var taken = 0;
        var reader = new PollAnswerReader(_ => taken++);
        var body = """[{"id":"op-1"},{"id":"op-2"}"""u8;
        for (var i = 0; i < body.Length; i++)
        {
            reader.GetRoom().Span[0] = body[i];
            reader.Advance(1);
            if (body[i] == '}') Assert.Equal(i < 20 ? 1 : 2, taken);
        }
    }

    [Fact]
    public void Operation_of_mebibytes_in_small_pieces_is_whole_and_takes_no_longer_than_it_should()
    {
        var text = """[{"id":"op-1","payload":{"a":"TEXT"}},{"id":"op-2"}]""".Replace("TEXT", new string('x', 8 << 20), StringComparison.Ordinal);

        var answer = Read(Encoding.UTF8.GetBytes(text), null, 1000);

        Assert.Equal(2, answer.Operations.Count);
        Assert.Equal(8 << 20, answer.Operations[0].GetProperty("payload").GetProperty("a").GetString()!.Length);
    }

    [Fact]
    public void More_operations_than_any_hub_hands_out_at_once_are_a_loss()
    {
        var taken = 0;
        var reader = new PollAnswerReader(_ => taken++);
        var more = true;
        reader.GetRoom().Span[0] = (byte)'[';
        for (more = reader.Advance(1); more; more = reader.Advance(3)) "{},"u8.CopyTo(reader.GetRoom().Span);

        Assert.Equal(PollAnswerReader.MaxOperations, taken);
        Assert.Equal("the answer has more than 200000 operations", reader.Complete(null));
    }

    [Fact]
    public void Text_that_is_no_utf8_costs_only_its_characters()
    {
        byte[] body = [.. """[{"id":"op-1","name":"a"""u8, 0xFF, 0xC3, .. """b"},{"id":"op-2"}]"""u8];

        var answer = Parse(body);

        Assert.Equal("a\uFFFD\uFFFDb", answer.Operations[0].GetProperty("name").GetString());
        Assert.Equal(2, answer.Operations.Count);
        Assert.Null(answer.Loss);
    }

    [Fact]
    public void Deep_operation_does_not_cost_those_behind_it()
    {
        var deep = $$"""{"payload":{{string.Concat(Enumerable.Repeat("[", 400))}}{{string.Concat(Enumerable.Repeat("]", 400))}}}""";

        Assert.Equal(2, Parse($$"""[{{deep}},{"id":"op-2"}]""").Operations.Count);
    }

    [Fact]
    public void Operation_without_a_bottom_is_a_loss_and_no_crash()
    {
        var answer = Parse("""[{"id":"op-1"},""" + new string('[', 1_000_000));

        Assert.Single(answer.Operations);
        Assert.NotNull(answer.Loss);
    }

    private static TakenAnswer Parse(string body) => Parse(Encoding.UTF8.GetBytes(body));

    [Fact]
    public void Wrapper_with_a_name_that_is_no_text_keeps_its_operations()
    {
        var answer = Parse("""{"\ud800":1,"operations":[{"id":"a"}]}""");

        Assert.Single(answer.Operations);
        Assert.Null(answer.Loss);
    }

    [Theory]
    [InlineData("""{"id":"op-1"}""")]
    [InlineData("\uFEFF \r\n{\"id\":\"op-1\"}\n")]
    public void Operation_that_was_sent_alone_is_read(string body) =>
        Assert.Equal("""{"id":"op-1"}""", Encoding.UTF8.GetString(PushedOperation.Find(Encoding.UTF8.GetBytes(body), out _)!));

    [Theory]
    [InlineData("")]
    [InlineData(" ")]
    [InlineData("null")]
    [InlineData("17")]
    [InlineData("[]")]
    [InlineData("""[{"id":"op-1"}]""")]
    [InlineData("""{"id":"op-1"}],[{"id":"op-2"}""")]
    [InlineData("""{"id":"op-1"},{"id":"op-2"}""")]
    [InlineData("""{"id":"op-1"}{"id":"op-2"}""")]
    [InlineData("""{"id":"op-1"} garbage""")]
    [InlineData("""{"id":"op-1"},""")]
    [InlineData("""{"id":"op-1",}""")]
    [InlineData("""{"id":"op-1" """)]
    public void What_was_sent_alone_and_is_not_exactly_one_operation_is_refused(string body)
    {
        Assert.Null(PushedOperation.Find(Encoding.UTF8.GetBytes(body), out var problem));

        Assert.StartsWith("expected one operation as a JSON object", problem, StringComparison.Ordinal);
    }

    private static TakenAnswer Parse(byte[] body) => Read(body, null, body.Length);

    private static TakenAnswer Read(byte[] body, string? broken, int piece)
    {
        var operations = new List<JsonElement>();
        var reader = new PollAnswerReader(operation => operations.Add(JsonElement.Parse(operation, new JsonDocumentOptions { MaxDepth = 1000 })));
        for (var sent = 0; sent < body.Length;)
        {
            var room = reader.GetRoom();
            var length = Math.Min(Math.Min(piece, room.Length), body.Length - sent);
            body.AsMemory(sent, length).CopyTo(room);
            if (!reader.Advance(length)) break;
            sent += length;
        }
        var loss = reader.Complete(broken);
        Assert.Equal(operations.Count, reader.Count);
        return new(operations, loss);
    }
}
