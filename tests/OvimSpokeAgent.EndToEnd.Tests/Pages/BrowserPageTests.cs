using System.Net;
using KubernetesSandbox;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using OvimSpokeAgent.EndToEnd.Tests.Harness;
using Xunit.Sdk;

namespace OvimSpokeAgent.EndToEnd.Tests.Pages;

/// <summary>That what is wrong with a page is found: else the tests of our pages say nothing.</summary>
[Collection(BrowserCollection.Name)]
public sealed class BrowserPageTests : IAsyncLifetime
{
    private const string Good = """
        <header><h1>Good</h1></header><main><p role="status">all is well</p>
        <label>Name <input></label><table role="table" aria-label="Things"><thead><tr><th scope="col">Thing</th></tr></thead></table></main>
        """;

    private readonly WebApplication _app = LoopbackServer.CreateBuilder(kestrel => kestrel.Listen(IPAddress.Loopback, 0)).Build();
    private string _body = Good;

    public async Task InitializeAsync()
    {
        _app.MapGet("/", context =>
        {
            context.Response.ContentType = "text/html; charset=utf-8";
            return context.Response.WriteAsync($$"""
                <!doctype html><html lang="en"><head><title>Test</title><link rel="icon" href="data:,">
                <meta name="viewport" content="width=device-width, initial-scale=1"><style>:root { color-scheme: light dark } body { background: Canvas }</style></head>
                <body>{{_body}}</body></html>
                """);
        });
        await _app.StartAsync();
    }

    public async Task DisposeAsync() => await _app.DisposeAsync();

    [InBrowserFact]
    public async Task Page_in_which_nothing_is_wrong_passes()
    {
        await using var browser = await OpenAsync("");

        await browser.Page.IsReadableByAllAsync();
        browser.Page.IsClean();
    }

    [InBrowserTheory]
    [InlineData("<p style='width:400px'>wide</p>", "360 px, light:", "P   ends at 408")]
    [InlineData("<p style='color:#888;background:#fff'>pale</p>", "360 px, light:", "pale")]
    [InlineData("<p style='color:#000'>black</p>", "360 px, dark:", "black")]
    [InlineData("<div style='opacity:.4'><p>faint</p></div>", "360 px, light:", "faint")]
    [InlineData("<svg role='img' aria-label='x'><text y='20' style='fill:#999'>drawn</text></svg>", "360 px, light:", "drawn")]
    [InlineData("<input id='lonely'>", "360 px", "lonely has no label")]
    [InlineData("<table id='bare'><tr><td>x</td></tr></table>", "360 px", "bare has no headers")]
    [InlineData("<h4>deep</h4>", "360 px", "follows a heading of level 1")]
    [InlineData("<p id='twice'></p><p id='twice'></p>", "360 px", "the id twice")]
    [InlineData("<button></button>", "360 px", "says nothing")]
    public async Task What_people_cannot_read_is_found(string fault, string look, string told)
    {
        await using var browser = await OpenAsync(fault);

        var problem = await Assert.ThrowsAsync<TrueException>(browser.Page.IsReadableByAllAsync);

        Assert.StartsWith(look, problem.Message, StringComparison.Ordinal);
        Assert.Contains(told, problem.Message, StringComparison.Ordinal);
    }

    [InBrowserTheory]
    [InlineData("<script>console.error('so wrong')</script>", "so wrong")]
    [InlineData("<script>undefined.field</script>", "undefined")]
    [InlineData("<script>Promise.reject(new Error('so wrong'))</script>", "so wrong")]
    [InlineData("<script>fetch('missing')</script>", "404")]
    [InlineData("<img alt='' src='http://192.0.2.1/x.png'>", "192.0.2.1")]
    [InlineData("<script>addEventListener('load', () => setTimeout(() => { if (!sessionStorage.again) { sessionStorage.again = 1; location.reload(); } }))</script>", "loaded 2 times")]
    public async Task What_a_page_does_wrong_is_found(string fault, string told)
    {
        await using var browser = await OpenAsync(fault);

        // What it does after it was opened comes a little later.
        using var patience = new CancellationTokenSource(JsonApi.Patience);
        using var looks = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        XunitException? problem = null;
        while (problem is null)
        {
            await looks.WaitForNextTickAsync(patience.Token);
            problem = Record.Exception(browser.Page.IsClean) as XunitException;
        }
        Assert.Contains(told, problem.Message, StringComparison.Ordinal);
    }

    private Task<Browser> OpenAsync(string fault)
    {
        _body = Good + fault;
        return Browser.OpenAsync(new Uri(_app.Urls.Single()));
    }
}
