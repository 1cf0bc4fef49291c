using PuppeteerSharp;

namespace OvimSpokeAgent.EndToEnd.Tests.Harness;

/// <summary>A headless Chromium with a profile of its own, and one page.</summary>
internal sealed class Browser : IAsyncDisposable
{
    private const string Variable = "OVIM_E2E_CHROMIUM";

    private static readonly string? Program = Find();

    private readonly DirectoryInfo _profile;
    private readonly IBrowser _browser;

    private Browser(DirectoryInfo profile, IBrowser browser, BrowserPage page) => (_profile, _browser, Page) = (profile, browser, page);

    /// <summary>Why there is none here; null: there is.</summary>
    public static string? WhyNot => Program is null ? $"needs a browser: chromium on the PATH, or {Variable}" : null;

    public BrowserPage Page { get; }

    /// <summary>Starts one and opens a page in it.</summary>
    public static async Task<Browser> OpenAsync(Uri url)
    {
        var profile = Directory.CreateTempSubdirectory("ovim-browser-");
        IBrowser? browser = null;
        try
        {
            browser = await Puppeteer.LaunchAsync(new LaunchOptions
            {
                ExecutablePath = Program,
                Headless = true,
                UserDataDir = profile.FullName,
                Timeout = Milliseconds,
                ProtocolTimeout = Milliseconds,
                // Chromium refuses to confine its processes as root.
                Args = Environment.IsPrivilegedProcess ? ["--no-sandbox", "--disable-gpu"] : ["--disable-gpu"],
            });
            return new Browser(profile, browser, await BrowserPage.OpenAsync((await browser.PagesAsync())[0], url));
        }
        catch
        {
            if (browser is not null) await browser.DisposeAsync();
            profile.Delete(recursive: true);
            throw;
        }
    }

    public static int Milliseconds => (int)JsonApi.Patience.TotalMilliseconds;

    public async ValueTask DisposeAsync()
    {
        await _browser.CloseAsync();
        await _browser.DisposeAsync();
        _profile.Delete(recursive: true);
    }

    private static string? Find() => Environment.GetEnvironmentVariable(Variable) switch
    {
        null or "" => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
            .Select(folder => Path.Combine(folder, "chromium"))
            .FirstOrDefault(File.Exists),
        var path when File.Exists(path) => path,
        var path => throw new InvalidOperationException($"{Variable}: {path} is not there, expected the path of Chromium"),
    };
}
