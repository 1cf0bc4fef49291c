using System.Text;
using System.Text.Json;
using OvimSpokeAgent.Validation;

namespace OvimSpokeAgent.Tests.Operations;

public sealed class CanonicalJsonTests
{
    [Theory]
    [InlineData("""{"b":1,"a":"ä"}""", """{"a":"\u00E4","b":1}""")]
    [InlineData("""{"a":1,"a":2}""", """{"a":2}""")]
    [InlineData("""["\ud800","ä\ud800€"]""", """["\ud800","\u00e4\ud800\u20ac"]""")] // no texts, but JSON
    [InlineData("""{"ä\ud800":"😀\udc00"}""", null)]
    public void Form_is_ascii_whatever_is_in_it(string json, string? expected)
    {
        var canonical = CanonicalJson.Of(JsonElement.Parse(json));

        Assert.True(Ascii.IsValid(canonical), Encoding.UTF8.GetString(canonical));
        if (expected is not null) Assert.Equal(expected, Encoding.UTF8.GetString(canonical));
        Assert.Equal(canonical, CanonicalJson.Of(JsonElement.Parse(canonical)));
    }
}
