using OvimSpokeAgent.EndToEnd.Tests.Harness;

namespace OvimSpokeAgent.EndToEnd.Tests;

/// <summary>Nothing but the table of settings configures the agent, wherever and beside whatever it is started.</summary>
public sealed class SurroundingsTests : IAsyncLifetime, IDisposable
{
    private const string SecondListener = """{ "Kestrel": { "Endpoints": { "Second": { "Url": "http://127.0.0.1:0" } } } }""";

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("ovim-surroundings-");
    private TestEnvironment _environment = null!;

    public async Task InitializeAsync() =>
        _environment = await TestEnvironment.StartAsync(await SandboxTestCluster.StartAsync(), ownsCluster: true);

    public async Task DisposeAsync() => await _environment.DisposeAsync();

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task Agent_listens_where_its_settings_say_and_nowhere_else()
    {
        await File.WriteAllTextAsync(Path.Combine(_folder.FullName, "appsettings.json"), SecondListener);
        var variables = _environment.Variables();
        variables["Kestrel__Endpoints__Third__Url"] = "http://127.0.0.1:0";
        variables["ASPNETCORE_Kestrel__Endpoints__Fourth__Url"] = "http://127.0.0.1:0";

        await using var agent = AgentProcess.StartIn(_folder.FullName, variables);
        await agent.IsReadyAsync();

        Assert.Equal(((int[])[agent.Url.Port, agent.LocalUrl.Port]).Order(), agent.ListeningPorts().Distinct().Order());
    }

    [Fact]
    public async Task Variables_of_base_images_change_and_warn_of_nothing()
    {
        var variables = _environment.Variables();
        variables["ASPNETCORE_HTTP_PORTS"] = "8080";
        variables["ASPNETCORE_ENVIRONMENT"] = "Development";
        variables["DOTNET_ENVIRONMENT"] = "Development";

        await using var agent = AgentProcess.Start(variables);
        await agent.IsReadyAsync();

        Assert.Equal(((int[])[agent.Url.Port, agent.LocalUrl.Port]).Order(), agent.ListeningPorts().Distinct().Order());
        Assert.DoesNotContain("HTTP_PORTS", agent.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("8080", agent.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Agent_takes_no_inotify_instance_of_which_a_user_has_128()
    {
        await File.WriteAllTextAsync(Path.Combine(_folder.FullName, "appsettings.json"), "{}");

        await using var agent = AgentProcess.StartIn(_folder.FullName, _environment.Variables());
        await agent.IsReadyAsync();

        Assert.DoesNotContain(agent.OpenFiles(), file => file.Contains("inotify", StringComparison.Ordinal));
    }
}
