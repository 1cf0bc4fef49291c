using OvimSpokeAgent.Templates;

namespace OvimSpokeAgent.Tests.Templates;

public sealed class ParameterExpressionTests
{
    [Theory]
    [InlineData("test[0-9]{1}x", "^test[0-9]x$")]
    [InlineData("[0-1]{8}", "^[01]{8}$")]
    [InlineData("0x[A-F0-9]{4}", "^0x[A-F0-9]{4}$")]
    [InlineData("[a-zA-Z0-9]{8}-[a-z]{2}", "^[a-zA-Z0-9]{8}-[a-z]{2}$")]
    [InlineData(@"[\w]{20}", "^[a-zA-Z0-9_]{20}$")]
    [InlineData(@"[\d]{3}[\a]{3}", "^[0-9]{3}[a-zA-Z0-9]{3}$")]
    [InlineData(@"[\A]{5}", "^[^a-zA-Z0-9 ]{5}$")]
    [InlineData("[abc]{255}", "^[abc]{255}$")]
    [InlineData("no generator", "^no generator$")]
    [InlineData("[a-z]", @"^\[a-z\]$")]
    [InlineData("", "^$")]
    public void Expression_gives_what_it_stands_for(string expression, string pattern)
    {
        for (var i = 0; i < 20; i++) Assert.Matches(pattern, OpenShiftTemplateItem.Expression.Generate(expression).Value);
    }

    [Theory]
    [InlineData("[a-z]{0}", "a length that is not from 1 to 255")]
    [InlineData("[a-z]{256}", "a length that is not from 1 to 255")]
    [InlineData("[a-z]{99999999999999999999}", "a length that is not from 1 to 255")]
    [InlineData("[z-a]{3}", "a range that ends before it begins")]
    [InlineData("[--]{3}", "a range that ends before it begins")]
    public void Expression_that_is_none_is_told(string expression, string problem) =>
        Assert.Equal((null, problem), OpenShiftTemplateItem.Expression.Generate(expression));

    [Fact]
    public void Expression_is_bounded() => Assert.NotNull(OpenShiftTemplateItem.Expression.Generate(new string('x', 5000)).Problem);

    [Fact]
    public void Every_character_of_a_range_is_made_and_each_draw_is_another()
    {
        var all = string.Concat(Enumerable.Range(0, 100).Select(_ => OpenShiftTemplateItem.Expression.Generate("[a-e]{50}").Value));

        Assert.Equal(5, all.Distinct().Count());
        Assert.NotEqual(OpenShiftTemplateItem.Expression.Generate("[a-z]{30}"), OpenShiftTemplateItem.Expression.Generate("[a-z]{30}"));
    }
}
