using OvimSpokeAgent.EndToEnd.Tests.Harness;
using OvimSpokeAgent.Sandbox.Hub;

namespace OvimSpokeAgent.EndToEnd.Tests.Pages;

/// <summary>A page in a real browser, beside a sandbox of its own whose VMs wait until a test starts KubeVirt's controller.</summary>
/// <param name="hub">How the hub is; null: as usual.</param>
public abstract class PageTests(SandboxHubOptions? hub = null) : IAsyncLifetime
{
    private protected const string Hostile = """<img src=x onerror="window.wasHacked=1">""";

    private Browser? _browser;
    private SandboxTestCluster? _cluster;
    private TestEnvironment? _environment;

    private protected BrowserPage Page => _browser!.Page;

    private protected SandboxTestCluster Cluster => _cluster!;

    private protected TestEnvironment Environment => _environment!;

    public async Task InitializeAsync()
    {
        if (Browser.WhyNot is not null) return;
        _cluster = await SandboxTestCluster.StartAsync(hasController: false);
        _environment = await TestEnvironment.StartAsync(_cluster, ownsCluster: true, hub);
        _browser = await Browser.OpenAsync(await StartAsync());
    }

    public async Task DisposeAsync()
    {
        if (_browser is not null) await _browser.DisposeAsync();
        if (_environment is not null) await _environment.DisposeAsync();
    }

    /// <summary>Starts what serves the page; returns its address.</summary>
    private protected abstract Task<Uri> StartAsync();
}
