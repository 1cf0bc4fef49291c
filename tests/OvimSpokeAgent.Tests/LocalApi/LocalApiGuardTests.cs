using System.Net;
using Microsoft.AspNetCore.Http;
using OvimSpokeAgent.LocalApi;

namespace OvimSpokeAgent.Tests.LocalApi;

/// <summary>Who is answered: a page of another site in the operator's browser is not, however it comes.</summary>
public sealed class LocalApiGuardTests
{
    [Theory]
    [InlineData("localhost:8081")]
    [InlineData("LOCALHOST:9000")]
    [InlineData("localhost")]
    [InlineData("127.0.0.1:8081")]
    [InlineData("[::1]:18081")]
    public void Names_of_this_machine_are_answered_whatever_the_port(string host) => Assert.Null(Judge("GET", host));

    [Theory]
    [InlineData("")]
    [InlineData("agent.example.com:8081")]
    [InlineData("localhost.example.com")]
    [InlineData("localhost.")]
    [InlineData("127.0.0.1.nip.io:8081")]
    [InlineData("127.0.0.2:8081")]
    [InlineData("10.244.0.7:8081")]
    [InlineData("[::]:8081")]
    [InlineData("0.0.0.0:8081")]
    [InlineData("user@localhost:8081")]
    public void Other_names_are_refused(string host) => Assert.Equal(403, Judge("GET", host));

    [Theory]
    [InlineData("http://localhost:8081", null)]
    [InlineData("http://LOCALHOST:8081", null)]
    [InlineData("http://evil.example.com", 403)]
    [InlineData("https://localhost:8081", 403)]
    [InlineData("http://localhost:3000", 403)] // another program's page
    [InlineData("http://localhost:8081.evil.example.com", 403)]
    [InlineData("null", 403)] // a sandboxed frame, a file
    [InlineData("", 403)]
    public void Origin_is_none_or_the_pages_own(string origin, int? status) =>
        Assert.Equal(status, Judge("GET", "localhost:8081", ("Origin", origin)));

    [Fact]
    public void Two_origins_are_refused()
    {
        var request = Request("GET", "localhost:8081");
        request.Headers.Origin = new(["http://localhost:8081", "http://evil.example.com"]);

        Assert.Equal(403, LocalApiGuard.Judge(request, IPAddress.Loopback)?.Status);
    }

    [Theory]
    [InlineData("GET", "none", "navigate", null)] // typed into the address bar
    [InlineData("GET", "same-origin", "cors", null)]
    [InlineData("GET", "same-site", "navigate", null)] // a link on the page of another program of this machine
    [InlineData("GET", "same-site", "no-cors", 403)]
    [InlineData("POST", "same-site", "navigate", 403)]
    [InlineData("GET", "cross-site", "navigate", 403)]
    [InlineData("GET", "cross-site", "no-cors", 403)] // an image, a script
    [InlineData("GET", "something-new", "navigate", 403)]
    public void What_a_browser_says_of_who_asks_counts(string method, string site, string mode, int? status) => Assert.Equal(
        status, Judge(method, "localhost:8081", ("Sec-Fetch-Site", site), ("Sec-Fetch-Mode", mode), ("Content-Type", "application/json")));

    [Theory]
    [InlineData("/", "document", null)] // a link in a wiki
    [InlineData("/", "iframe", 403)]
    [InlineData("/debug/report", "document", 403)]
    public void Link_on_another_site_leads_to_the_page_alone(string path, string destination, int? status)
    {
        var request = Request("GET", "localhost:8081", ("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Mode", "navigate"), ("Sec-Fetch-Dest", destination));
        request.Path = path;

        Assert.Equal(status, LocalApiGuard.Judge(request, IPAddress.Loopback)?.Status);
    }

    [Theory]
    [InlineData("application/json", null)]
    [InlineData("Application/JSON; charset=utf-8", null)]
    [InlineData("", 415)]
    [InlineData("text/plain", 415)]
    [InlineData("application/x-www-form-urlencoded", 415)]
    [InlineData("multipart/form-data; boundary=application/json", 415)]
    [InlineData("text/plain; application/json", 415)]
    [InlineData("application/json-patch+json", 415)]
    public void Form_cannot_act(string type, int? status) =>
        Assert.Equal(status, Judge("POST", "localhost:8081", ("Content-Type", type)));

    [Theory]
    [InlineData("127.0.0.1", null)]
    [InlineData("127.3.2.1", null)]
    [InlineData("::1", null)]
    [InlineData("10.244.0.1", 403)]
    [InlineData("fd00::1", 403)]
    public void Sender_is_this_machine(string from, int? status) =>
        Assert.Equal(status, LocalApiGuard.Judge(Request("GET", "localhost:8081"), IPAddress.Parse(from))?.Status);

    private static int? Judge(string method, string host, params (string Name, string Value)[] headers) =>
        LocalApiGuard.Judge(Request(method, host, headers), IPAddress.Loopback)?.Status;

    private static HttpRequest Request(string method, string host, params (string Name, string Value)[] headers)
    {
        var request = new DefaultHttpContext().Request;
        (request.Method, request.Headers.Host) = (method, host);
        foreach (var (name, value) in headers) request.Headers[name] = value;
        return request;
    }
}
