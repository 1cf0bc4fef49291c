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
    public void List_has_its_items_version_and_next_page()
    {
        var list = Read(Whole);

        Assert.Equal(["a", "b"], list.Items.Select(item => item.Metadata.Name));
        Assert.Equal(("7", "abc"), (list.ResourceVersion, list.Continue));
    }

    [Theory]
    [InlineData("""{"items":[],"metadata":{"resourceVersion":"7"}}""")]
    [InlineData("""{"items":null,"metadata":{"resourceVersion":"7","continue":""}}""")]
    [InlineData("""{"metadata":{"continue":null,"resourceVersion":"7","selfLink":{"a":[]}},"other":{"items":[{}]},"items":[]}""")]
    public void List_may_be_empty(string body)
    {
        var list = Read(body);

        Assert.Empty(list.Items);
        Assert.Equal(("7", null), (list.ResourceVersion, list.Continue));
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
    public void What_is_no_list_is_never_taken_for_an_empty_one(string body) =>
        Assert.ThrowsAny<JsonException>(() => Read(body));

    [Fact]
    public void List_that_broke_off_anywhere_is_no_list()
    {
        var body = Encoding.UTF8.GetBytes(Whole.TrimEnd());

        for (var length = 0; length < body.Length; length++)
            Assert.ThrowsAny<JsonException>(() => ListReader.Read(body.AsSpan(0, length), ClusterJson.Default.AnyObject));
    }

    private static ObjectList<AnyObject> Read(string body) =>
        ListReader.Read(Encoding.UTF8.GetBytes(body), ClusterJson.Default.AnyObject);
}
