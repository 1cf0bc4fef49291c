using OvimSpokeAgent.Configuration;

namespace OvimSpokeAgent.Tests.Configuration;

/// <summary>An environment that is complete, and what a test changes in it.</summary>
internal sealed class TestEnvironment
{
    private readonly Dictionary<string, string> _variables = new()
    {
        ["OVIM_CLUSTER_ID"] = "east-1",
        ["OVIM_HUB_ENDPOINT"] = "https://hub.example.com",
        ["OVIM_HUB_TOKEN"] = "t0ken-of-the-hub",
    };

    private readonly Dictionary<string, string> _files = [];

    public TestEnvironment With(string name, string value)
    {
        _variables[name] = value;
        return this;
    }

    public TestEnvironment Without(string name)
    {
        _variables.Remove(name);
        return this;
    }

    public TestEnvironment WithFile(string path, string content)
    {
        _files[path] = content;
        return this;
    }

    public SettingsResult Load() => SettingsLoader.Load(
        _variables,
        path => _files.TryGetValue(path, out var text) ? new FileText(text, null) : new FileText(null, "it does not exist"));

    /// <summary>The settings, which must be without error and warning.</summary>
    public AgentSettings LoadClean()
    {
        var result = Load();
        Assert.Empty(result.Errors);
        Assert.Empty(result.Warnings);
        return result.Settings!;
    }

    /// <summary>The one error there must be.</summary>
    public string LoadError()
    {
        var result = Load();
        Assert.Null(result.Settings);
        return Assert.Single(result.Errors);
    }
}
