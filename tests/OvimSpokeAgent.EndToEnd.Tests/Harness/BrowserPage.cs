using System.Collections.Concurrent;
using PuppeteerSharp;

namespace OvimSpokeAgent.EndToEnd.Tests.Harness;

/// <summary>
/// A page in a browser. All that it asks for and all errors are kept; what goes to another host is kept from it. Waits are on conditions
/// in the page.
/// </summary>
internal sealed class BrowserPage
{
    /// <summary>The widths of a small phone and of a desk.</summary>
    public static readonly int[] Widths = [360, 1280];

    public static readonly string[] Schemes = ["light", "dark"];

    private const int Height = 800;
    private const int LookEvery = 50;

    // What Chromium itself says in the console of each request that reaches nobody.
    private const string Unreachable = "Failed to load resource: net::ERR_";

    private readonly IPage _page;
    private readonly Uri _url;
    private readonly ConcurrentQueue<(string Text, string? Url)> _errors = new();
    private readonly ConcurrentQueue<Uri> _requests = new();
    private int _loads;

    private BrowserPage(IPage page, Uri url)
    {
        (_page, _url) = (page, url);
        page.DefaultTimeout = Browser.Milliseconds;
        page.Console += (_, e) =>
        {
            if (e.Message.Type is ConsoleType.Error or ConsoleType.Assert) _errors.Enqueue((e.Message.Text, e.Message.Location?.URL));
        };
        page.PageError += (_, e) => _errors.Enqueue((e.Message, null));
        page.Request += async (_, e) =>
        {
            var to = new Uri(e.Request.Url);
            _requests.Enqueue(to);
            if (e.Request.IsNavigationRequest) Interlocked.Increment(ref _loads);
            if (IsOwn(to)) await e.Request.ContinueAsync();
            else await e.Request.AbortAsync();
        };
    }

    /// <summary>The page's own server was away for a while: what Chromium says of requests to it is no error of the page.</summary>
    public bool ServerWasAway { get; set; }

    public static async Task<BrowserPage> OpenAsync(IPage page, Uri url)
    {
        var opened = new BrowserPage(page, url);
        await page.SetRequestInterceptionAsync(true);
        await opened.HasLookAsync(Widths[0], Schemes[0]);
        var answer = await page.GoToAsync(url.ToString(), WaitUntilNavigation.Load);
        Assert.True(answer.Ok, $"{url}: {answer.Status}");
        return opened;
    }

    /// <summary>How wide it is, and whether light or dark.</summary>
    public async Task HasLookAsync(int width, string scheme)
    {
        await _page.SetViewportAsync(new ViewPortOptions { Width = width, Height = Height });
        await _page.EmulateMediaFeaturesAsync([new MediaFeatureValue { MediaFeature = MediaFeature.PrefersColorScheme, Value = scheme }]);
    }

    /// <summary>Waits until there is an element.</summary>
    public Task ShowsAsync(string selector) => BecomesAsync("selector => document.querySelector(selector) !== null", selector);

    /// <summary>Waits until there is none.</summary>
    public Task ShowsNoAsync(string selector) => BecomesAsync("selector => document.querySelector(selector) === null", selector);

    /// <summary>Waits until an element contains a text.</summary>
    public Task SaysAsync(string selector, string text) =>
        BecomesAsync("(selector, text) => document.querySelector(selector)?.innerText.includes(text)", selector, text);

    /// <summary>Waits until a function of the page returns something true.</summary>
    public async Task BecomesAsync(string function, params object[] arguments)
    {
        try
        {
            await _page.WaitForFunctionAsync(function, new WaitForFunctionOptions { PollingInterval = LookEvery }, arguments);
        }
        catch (WaitTaskTimeoutException)
        {
            var text = await _page.EvaluateExpressionAsync<string>("document.body.innerText");
            throw new TimeoutException($"{function} ({string.Join(", ", arguments)}) is not so within {JsonApi.Patience}; the page says:\n{text}\nerrors: {string.Join('\n', _errors)}");
        }
    }

    /// <summary>What a function of the page returns.</summary>
    public Task<T> AskAsync<T>(string function, params object[] arguments) => _page.EvaluateFunctionAsync<T>(function, arguments);

    public Task<string> TextAsync(string selector) => AskAsync<string>("selector => document.querySelector(selector).innerText", selector);

    public Task ClicksAsync(string selector) => _page.ClickAsync(selector);

    public Task ChoosesAsync(string selector, string value) => _page.SelectAsync(selector, value);

    /// <summary>Writes into a field in the place of what is there.</summary>
    public async Task WritesAsync(string selector, string text)
    {
        await AskAsync<object?>("selector => { document.querySelector(selector).select(); }", selector);
        await _page.TypeAsync(selector, text);
    }

    /// <summary>It was loaded once, had no error, and asked no other host for anything.</summary>
    public void IsClean()
    {
        Assert.True(_loads == 1, $"the page was loaded {_loads} times");
        var errors = _errors.Where(error => !(ServerWasAway && IsOfOutage(error))).ToList();
        Assert.True(errors.Count == 0, $"errors: {string.Join('\n', errors)}");
        var foreign = _requests.Where(request => !IsOwn(request)).ToList();
        Assert.True(foreign.Count == 0, $"it asked for {string.Join('\n', foreign)}");
    }

    private bool IsOwn(Uri url) => url.GetLeftPart(UriPartial.Authority) == _url.GetLeftPart(UriPartial.Authority);

    private bool IsOfOutage((string Text, string? Url) error) =>
        error.Text.StartsWith(Unreachable, StringComparison.Ordinal) && error.Url is { } url && IsOwn(new Uri(url));
}
