using OvimSpokeAgent.Validation;

namespace OvimSpokeAgent.Tests.Capacity;

public sealed class SharedTextsTests
{
    [Fact]
    public void Texts_that_come_again_are_one_string_up_to_the_capacity()
    {
        var texts = new SharedTexts(2);
        var (a, b, c) = (New("a"), New("b"), New("c"));
        Assert.Same(a, texts.Of(a));
        Assert.Same(b, texts.Of(b));
        Assert.Same(c, texts.Of(c));

        Assert.Same(a, texts.Of(New("a")));
        var again = New("c");
        Assert.Same(again, texts.Of(again)); // there was no room for it

        static string New(string text) => new([.. text]);
    }
}
