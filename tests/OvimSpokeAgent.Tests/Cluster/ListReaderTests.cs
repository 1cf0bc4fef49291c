using System.Globalization;
using System.Text;
using System.Text.Json;
using OvimSpokeAgent.Cluster;

namespace OvimSpokeAgent.Tests.Cluster;

public sealed class ListReaderTests
{
    private const string Whole =
        """
        {"kind":"WidgetList","apiVersion":"example.com/v1","metadata":{"resourceVersion":"7","remainingItemCount":3,"continue":"abc"},
         "items":[{"metadata":{"name":"a","managedFields":[{"f":{}}]},"spec":{"x":[1,{"y":2}]}},{"metadata":{"name":"b"}}]}
        """;

    [Fact]
    public async Task List_has_its_items_version_and_next_page()
    {
        var (names, page) = await ReadAsync(Whole);

        Assert.Equal(["a", "b"], names);
        Assert.Equal(new ListPage("7", "abc"), page);
    }

    [Fact]
    public async Task List_is_the_same_wherever_it_is_split()
    {
        var bytes = Encoding.UTF8.GetBytes(Whole);
        for (var at = 0; at <= bytes.Length; at++)
        {
            var (names, page) = await ReadAsync(new Chunks([bytes[..at], bytes[at..]]));
            Assert.Equal(["a", "b"], names);
            Assert.Equal(new ListPage("7", "abc"), page);
        }
        Assert.Equal(["a", "b"], (await ReadAsync(new Chunks([.. bytes.Select(b => (byte[])[b])]))).Names);
    }

    [Theory]
    [InlineData("""{"items":[],"metadata":{"resourceVersion":"7"}}""")]
    [InlineData("""{"items":null,"metadata":{"resourceVersion":"7","continue":""}}""")]
    [InlineData("""{"metadata":{"continue":null,"resourceVersion":"7","selfLink":{"a":[]}},"other":{"items":[{}]},"items":[]}""")]
    public async Task List_may_be_empty(string body)
    {
        var (names, page) = await ReadAsync(body);

        Assert.Empty(names);
        Assert.Equal(new ListPage("7", null), page);
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("<html>please log in</html>")]
    [InlineData("""{"kind":"Widget","metadata":{"name":"a"}}""")]
    [InlineData("""{"items":{},"metadata":{}}""")]
    [InlineData("""{"items":[null]}""")]
    [InlineData("""{"items":[7]}""")]
    [InlineData("""{"items":[],"metadata":null}""")]
    [InlineData("""{"items":[],"metadata":{"resourceVersion":7}}""")]
    [InlineData("""{"items":[],"metadata":{"continue":{}}}""")]
    [InlineData("""{"items":[{"metadata":{"name":7}}]}""")]
    [InlineData("""{"items":[{"metadata":{"name":"\ud800"}}]}""")]
    [InlineData("""{"items":[{"metadata":{"labels":7}}]}""")]
    [InlineData("""{"items":[{"metadata":{"name":"a"}} {"metadata":{"name":"b"}}]}""")]
    [InlineData("""{"items":[]}{"items":[]}""")]
    public async Task What_is_no_list_is_never_taken_for_an_empty_one(string body) =>
        await Assert.ThrowsAnyAsync<JsonException>(() => ReadAsync(body));

    [Fact]
    public async Task List_that_broke_off_anywhere_is_no_list()
    {
        var body = Encoding.UTF8.GetBytes(Whole.TrimEnd());

        for (var length = 0; length < body.Length; length++)
            await Assert.ThrowsAnyAsync<JsonException>(() => ReadAsync(new Chunks([body[..length]])));
    }

    [Fact]
    public async Task Object_that_is_not_as_its_kind_is_costs_itself_alone()
    {
        const string Metadata =
            """
            "name":"a","namespace":"acme","uid":"u-1","resourceVersion":"3","creationTimestamp":"2026-11-23T08:00:00Z"
            """;
        List<ReadObject<AnyObject>> read = [];

        await ReadAsync(new Chunks([Encoding.UTF8.GetBytes(
            $$$"""{"metadata":{},"items":[{"metadata":{{{{Metadata}}},"labels":{"x":[7]},"deletionTimestamp":"soon"}},{"metadata":{"name":"b"}}]}""")]), read);

        Assert.Equal(["acme/a", "b"], read.Select(item => item.Metadata.Key.ToString()));
        Assert.Equal(
            ("u-1", "3", new DateTimeOffset(2026, 11, 23, 8, 0, 0, TimeSpan.Zero), null),
            (read[0].Metadata.Uid, read[0].Metadata.ResourceVersion, read[0].Metadata.CreationTimestamp, read[0].Metadata.DeletionTimestamp));
        Assert.Throws<JsonException>(() => read[0].Value);
        Assert.Equal("b", read[1].Value.Metadata.Name);
    }

    [Fact]
    public async Task What_is_deep_in_an_object_is_passed_over()
    {
        var deep = string.Concat(Enumerable.Repeat("""{"a":[""", 4_900)) + string.Concat(Enumerable.Repeat("]}", 4_900));

        var (names, _) = await ReadAsync($$$"""{"metadata":{},"items":[{"metadata":{"name":"a"},"spec":{{{deep}}}},{"metadata":{"name":"b"}}]}""");

        Assert.Equal(["a", "b"], names);
    }

    [Fact]
    public async Task No_more_than_one_object_is_in_memory()
    {
        var list = new ManyObjects(count: 200, bytes: 1 << 20);
        var (count, most) = (0, 0L);

        await ListReader.ReadAsync(list, ClusterJson.Default.AnyObject, _ =>
        {
            count++;
            most = Math.Max(most, list.Sent - ((long)count << 20));
        }, default);

        Assert.Equal(200, count);
        Assert.InRange(most, 0, 3 << 20); // read ahead of what was handed on
    }

    [Fact]
    public async Task Object_longer_than_any_is_not_read_to_its_end()
    {
        var endless = new Endless("""{"items":[{"metadata":{"name":" """u8.ToArray());

        await Assert.ThrowsAnyAsync<JsonException>(() => ReadAsync(endless));

        Assert.InRange(endless.Sent, ListReader.MaxObjectBytes, 3 * ListReader.MaxObjectBytes);
    }

    private static Task<(List<string> Names, ListPage Page)> ReadAsync(string body) =>
        ReadAsync(new Chunks([Encoding.UTF8.GetBytes(body)]));

    private static async Task<(List<string> Names, ListPage Page)> ReadAsync(Stream body, List<ReadObject<AnyObject>>? into = null)
    {
        into ??= [];
        var page = await ListReader.ReadAsync(body, ClusterJson.Default.AnyObject, into.Add, default);
        return (into.ConvertAll(item => item.Metadata.Name), page);
    }

    /// <summary>A list of large objects that is made while it is read.</summary>
    private sealed class ManyObjects(int count, int bytes) : ReadOnlyStream
    {
        private readonly string _filler = new('x', bytes);
        private ReadOnlyMemory<byte> _left = """{"metadata":{"resourceVersion":"1"},"items":["""u8.ToArray();
        private int _made;

        public long Sent { get; private set; }

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (_left.IsEmpty && _made <= count) _left = Encoding.UTF8.GetBytes(Next());
            var length = Math.Min(_left.Length, buffer.Length);
            _left[..length].CopyTo(buffer);
            _left = _left[length..];
            Sent += length;
            return ValueTask.FromResult(length);
        }

        private string Next() => _made++ == count
            ? "]}"
            : string.Create(CultureInfo.InvariantCulture, $"{(_made > 1 ? "," : "")}{{\"metadata\":{{\"name\":\"w{_made}\"}},\"f\":\"{_filler}\"}}");
    }
}
