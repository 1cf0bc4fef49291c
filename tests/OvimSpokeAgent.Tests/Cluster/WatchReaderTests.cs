using System.Text;
using System.Text.Json;
using OvimSpokeAgent.Cluster;

namespace OvimSpokeAgent.Tests.Cluster;

public sealed class WatchReaderTests
{
    private const string Stream =
        """
        {"type":"ADDED","object":{"metadata":{"name":"ä","resourceVersion":"1"},"spec":{"deep":[[{"type":"ERROR"}]]}}}
        {"object":{"metadata":{"name":"b","resourceVersion":"2"}},"type":"MODIFIED"}
        {"type":"DELETED","object":{"metadata":{"name":"c","resourceVersion":"3"}},"more":[1,2]}

        {"type":"BOOKMARK","object":{"kind":"Widget","metadata":{"resourceVersion":"4","creationTimestamp":null},"spec":{}}}

        """;

    private static readonly (WatchEventType, string, string)[] Events =
    [
        (WatchEventType.Added, "ä", "1"), (WatchEventType.Modified, "b", "2"), (WatchEventType.Deleted, "c", "3"),
        (WatchEventType.Bookmark, "", "4"),
    ];

    [Fact]
    public async Task Events_are_read_in_any_order_of_their_keys() => Assert.Equal(Events, await ReadAsync(Stream));

    [Fact]
    public async Task Events_are_the_same_wherever_the_stream_is_split()
    {
        var bytes = Encoding.UTF8.GetBytes(Stream);
        for (var at = 0; at <= bytes.Length; at++)
            Assert.Equal(Events, await ReadAsync(new Chunks([bytes[..at], bytes[at..]])));
        Assert.Equal(Events, await ReadAsync(new Chunks([.. bytes.Select(b => (byte[])[b])])));
    }

    [Fact]
    public async Task Stream_that_ends_in_the_middle_of_an_event_is_broken_and_the_whole_ones_count()
    {
        var bytes = Encoding.UTF8.GetBytes(Stream);
        for (var length = 0; length < bytes.Length; length++)
        {
            var whole = Stream.AsSpan(0, Encoding.UTF8.GetCharCount(bytes, 0, length)).Count('\n');
            var isWhole = length == 0 || bytes[length - 1] == '\n';
            var seen = new List<(WatchEventType, string, string)>();

            var e = await Record.ExceptionAsync(() => ReadAsync(new Chunks([bytes[..length]]), seen));

            Assert.Equal(isWhole ? null : typeof(IOException), e?.GetType());
            Assert.Equal(Events.Take(whole > 3 ? whole - 1 : whole), seen);
        }
    }

    [Theory]
    [InlineData("<html>")]
    [InlineData("[]")]
    [InlineData("7")]
    [InlineData("{}")]
    [InlineData("""{"type":"ADDED"}""")]
    [InlineData("""{"type":"ADDED","object":null}""")]
    [InlineData("""{"type":"ADDED","object":[]}""")]
    [InlineData("""{"type":7,"object":{}}""")]
    [InlineData("""{"type":null,"object":{}}""")]
    [InlineData("""{"type":"SYNCED","object":{}}""")]
    [InlineData("""{"object":{}}""")]
    [InlineData("""{"type":"ADDED","object":{"metadata":{"name":{}}}}""")]
    [InlineData("""{"type":"ADDED","object":{}}{""")]
    [InlineData("""{"type":"ADDED","object":{"metadata":{"name":"\ud800"}}}""")]
    public async Task Line_that_is_no_event_is_an_error(string line) =>
        await Assert.ThrowsAnyAsync<JsonException>(() => ReadAsync(line + "\n"));

    [Theory]
    [InlineData(410, "Expired", ApiErrorReason.Expired)]
    [InlineData(410, "Gone", ApiErrorReason.Expired)]
    [InlineData(500, "InternalError", ApiErrorReason.Unavailable)]
    [InlineData(429, "TooManyRequests", ApiErrorReason.TooManyRequests)]
    [InlineData(403, "Forbidden", ApiErrorReason.Forbidden)]
    [InlineData(400, "BadRequest", ApiErrorReason.Invalid)]
    public async Task Error_event_is_the_error_it_carries(int code, string reason, object expected)
    {
        var e = await Assert.ThrowsAsync<KubernetesApiException>(() => ReadAsync(
            $$$$"""{"type":"ERROR","object":{"kind":"Status","code":{{{{code}}}},"reason":"{{{{reason}}}}","message":"so it is","details":{"retryAfterSeconds":3}}}""" + "\n"));

        Assert.Equal(((ApiErrorReason)expected, "so it is", TimeSpan.FromSeconds(3)), (e.Reason, e.Message, e.RetryAfter));
    }

    [Fact]
    public async Task Event_longer_than_any_object_is_not_read_to_its_end()
    {
        var endless = new Endless("""{"type":"ADDED","object":{"metadata":{"name":" """u8.ToArray());

        var e = await Assert.ThrowsAsync<IOException>(() => ReadAsync(endless));

        Assert.Contains("32 MiB", e.Message, StringComparison.Ordinal);
        Assert.InRange(endless.Sent, WatchReader.MaxEventBytes, WatchReader.MaxEventBytes + (1 << 20));
    }

    [Fact]
    public async Task Long_event_is_read()
    {
        var name = new string('x', 3 << 20);

        var read = Assert.Single(await ReadAsync($$$$"""{"type":"ADDED","object":{"metadata":{"name":"{{{{name}}}}"}}}""" + "\n"));

        Assert.Equal(name, read.Item2);
    }

    [Fact]
    public async Task Object_that_is_not_as_its_kind_is_costs_itself_alone()
    {
        const string Odd =
            """
            {"type":"ADDED","object":{"metadata":{"name":"a","namespace":"acme","resourceVersion":"1","labels":{"x":[7]}}}}
            {"type":"ADDED","object":{"metadata":{"name":"b","namespace":"acme","resourceVersion":"2"}}}

            """;
        var read = new List<ReadObject<AnyObject>>();

        await foreach (var (_, item) in WatchReader.ReadAsync(
            new Chunks([Encoding.UTF8.GetBytes(Odd)]), ClusterJson.Default.AnyObject, "watch widgets", default))
        {
            read.Add(item);
        }

        Assert.Equal([("acme/a", "1"), ("acme/b", "2")], read.Select(item => (item.Metadata.Key.ToString(), item.Metadata.ResourceVersion)));
        Assert.Contains("$.metadata.labels.x", Assert.Throws<JsonException>(() => read[0].Value).Message, StringComparison.Ordinal);
        Assert.Equal("b", read[1].Value.Metadata.Name);
    }

    [Fact]
    public async Task Wait_for_the_next_event_can_be_cancelled()
    {
        using var end = new CancellationTokenSource();
        var (ours, _) = Pipe();
        var events = WatchReader.ReadAsync(ours, ClusterJson.Default.AnyObject, "watch widgets", end.Token).GetAsyncEnumerator();
        var next = events.MoveNextAsync().AsTask();

        await end.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => next);
    }

    private static Task<List<(WatchEventType, string, string)>> ReadAsync(string stream) =>
        ReadAsync(new Chunks([Encoding.UTF8.GetBytes(stream)]));

    private static async Task<List<(WatchEventType, string, string)>> ReadAsync(
        Stream stream, List<(WatchEventType, string, string)>? into = null)
    {
        into ??= [];
        await foreach (var (type, item) in WatchReader.ReadAsync(stream, ClusterJson.Default.AnyObject, "watch widgets", default))
            into.Add((type, item.Metadata.Name, item.Metadata.ResourceVersion));
        return into;
    }

    private static (Stream Read, Stream Write) Pipe()
    {
        var pipe = new System.IO.Pipelines.Pipe();
        return (pipe.Reader.AsStream(), pipe.Writer.AsStream());
    }
}
