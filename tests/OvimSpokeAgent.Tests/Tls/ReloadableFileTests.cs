using OvimSpokeAgent.Configuration;
using OvimSpokeAgent.Tls;
using OvimSpokeAgent.Validation;

namespace OvimSpokeAgent.Tests.Tls;

public sealed class ReloadableFileTests
{
    private readonly Queue<string> _reads = [];
    private readonly ReloadableFile<string> _value;

    public ReloadableFileTests() => _value = new(
        "pair",
        [("LEFT", "/left"), ("RIGHT", "/right")],
        texts => texts[0] == texts[1] ? texts[0] : new Parsed<string>(null, "they do not match"),
        _ => [],
        _ => _reads.Dequeue() is var text && text == "gone" ? new FileText(null, "it does not exist") : new FileText(text, null));

    [Fact]
    public void First_content_is_the_value()
    {
        Assert.True(Refresh("a", "a"));

        Assert.Equal("a", _value.Current);
        Assert.Equal(1, _value.Version);
    }

    [Fact]
    public void Same_content_is_no_change()
    {
        Refresh("a", "a");

        Assert.False(Refresh("a", "a"));
        Assert.Equal(1, _value.Version);
    }

    [Fact]
    public void Files_that_change_one_after_the_other_are_looked_at_once_more()
    {
        Refresh("a", "a");

        Assert.True(Refresh("a", "b", "b", "b"));
        Assert.Equal("b", _value.Current);
        Assert.Null(_value.Problem);
    }

    [Fact]
    public void Content_that_does_not_fit_leaves_the_last_good_value()
    {
        Refresh("a", "a");

        Assert.False(Refresh("a", "b", "a", "b"));
        Assert.Equal("a", _value.Current);
        Assert.Equal("LEFT=/left, RIGHT=/right: they do not match", _value.Problem);
    }

    [Fact]
    public void File_that_is_gone_leaves_the_last_good_value_until_it_is_back()
    {
        Refresh("a", "a");

        Assert.False(Refresh("gone", "gone"));
        Assert.Equal("a", _value.Current);
        Assert.Equal("LEFT: /left cannot be read (it does not exist)", _value.Problem);

        Assert.False(Refresh("a", "a"));
        Assert.Null(_value.Problem);
    }

    private bool Refresh(params string[] reads)
    {
        _reads.Clear();
        foreach (var text in reads) _reads.Enqueue(text);
        return _value.Refresh();
    }
}
