using OvimSpokeAgent.Networking;

namespace OvimSpokeAgent.Tests.Networking;

public sealed class NoProxyRulesTests
{
    [Theory]
    [InlineData("127.0.0.1", "https://127.0.0.1:6443", true)]
    [InlineData("127.0.0.1", "https://127.0.0.2:6443", false)]
    [InlineData("127.0.0.1:6443", "https://127.0.0.1:6443", true)]
    [InlineData("127.0.0.1:6443", "https://127.0.0.1", false)]
    [InlineData("127.0.0.0/8", "https://127.9.8.7", true)]
    [InlineData("10.0.0.0/8, 127.0.0.0/8,.svc", "http://127.0.0.1:8080", true)]
    [InlineData("10.0.0.0/8,127.0.0.0/8,.svc", "http://11.0.0.1", false)]
    [InlineData("10.96.5.7/12", "https://10.96.0.1", true)] // bits beyond the length
    [InlineData("10.96.5.7/12", "https://10.112.0.1", false)]
    [InlineData("10.0.0.0/8", "https://[::ffff:10.1.2.3]", true)]
    [InlineData("0.0.0.0/0", "https://8.8.8.8", true)]
    [InlineData("0.0.0.0/0", "https://[2001:db8::1]", false)]
    [InlineData("fd00::/8", "https://[fd12::1]:6443", true)]
    [InlineData("fd00::/8", "https://[fe80::1]", false)]
    [InlineData("::1", "https://[::1]:6443", true)]
    [InlineData("[::1]", "https://[0:0::1]", true)]
    [InlineData("[::1]:443", "https://[::1]", true)]
    [InlineData("[::1]:443", "https://[::1]:8443", false)]
    [InlineData("*", "https://hub.example.com", true)]
    [InlineData("a, *", "https://[2001:db8::1]", true)]
    [InlineData("example.com", "https://example.com", true)]
    [InlineData("example.com", "https://hub.example.com", true)]
    [InlineData("example.com", "https://badexample.com", false)]
    [InlineData("Example.COM", "https://hub.EXAMPLE.com.", true)]
    [InlineData(".example.com", "https://hub.example.com", true)]
    [InlineData(".example.com", "https://example.com", false)]
    [InlineData("*.example.com", "https://a.b.example.com", true)]
    [InlineData("*.example.com", "https://example.com", false)]
    [InlineData("example.com:8090", "https://example.com:8090", true)]
    [InlineData("example.com:8090", "https://example.com", false)]
    [InlineData(".svc,.cluster.local", "https://hub.ovim.svc", true)]
    [InlineData("kubernetes.default", "https://kubernetes.default.svc", false)]
    [InlineData("", "https://example.com", false)]
    [InlineData(null, "https://example.com", false)]
    [InlineData(" , ,", "https://example.com", false)]
    [InlineData("a\n10.0.0.0/8\t.svc\r\n", "https://10.1.2.3", true)]
    [InlineData("a\n10.0.0.0/8\t.svc\r\n", "https://hub.svc", true)]
    [InlineData("::ffff:10.0.0.0/104", "https://10.1.2.3", true)]
    [InlineData("::ffff:10.0.0.0/104", "https://11.1.2.3", false)]
    [InlineData("[fd00::]/8", "https://[fd00::1]", true)]
    [InlineData("::/0", "https://[2001:db8::1]", true)]
    [InlineData("::/0", "https://10.1.2.3", false)]
    [InlineData("10", "https://0.0.0.10", false)]
    public void Entries_let_requests_past_the_proxy_as_in_other_programs(string? entries, string url, bool isPast)
    {
        var rules = NoProxyRules.Parse(entries);

        Assert.Equal(isPast, rules.Match(new Uri(url)));
        Assert.Empty(rules.Unreadable);
    }

    [Theory]
    [InlineData("a", "b", "a")]
    [InlineData("", "b", "b")]
    [InlineData(null, "b", "b")]
    [InlineData(null, null, null)]
    public void Variable_that_says_something_counts(string? lower, string? upper, string? exceptions) =>
        Assert.Equal(exceptions, EnvironmentProxy.Exceptions(name => name == "no_proxy" ? lower : upper));

    [Theory]
    [InlineData("10.0.0.0/33")]
    [InlineData("10.0.0.0/-1")]
    [InlineData("fd00::/129")]
    [InlineData("10.0.0/8/9")]
    [InlineData("10/8")]
    [InlineData("172.16/12")]
    [InlineData("10.0.0.0/")]
    [InlineData("10.0.0.0/+8")]
    [InlineData("10.0.0.0/8:443")]
    [InlineData("example.com/24")]
    [InlineData("example.com:https")]
    [InlineData("a_b:c:d")]
    [InlineData(".")]
    public void Entry_that_is_nothing_costs_itself_alone_and_is_named(string entry)
    {
        var rules = NoProxyRules.Parse($"{entry},10.0.0.0/8");

        Assert.Equal(entry, Assert.Single(rules.Unreadable));
        Assert.True(rules.Match(new Uri("https://10.1.2.3")));
        Assert.False(rules.Match(new Uri("https://example.com")));
    }
}
