using OvimSpokeAgent.Configuration;

namespace OvimSpokeAgent.Tests.Configuration;

/// <summary>What people see of the settings: what they are and where they come from, never a secret.</summary>
public sealed class SettingInUseTests
{
    private const string NamespaceFile = "/var/run/secrets/kubernetes.io/serviceaccount/namespace";

    [Fact]
    public void Every_setting_is_there_with_its_source()
    {
        var all = new TestEnvironment().With("OVIM_API_PORT", "9090").WithFile(NamespaceFile, "agents\n").Load().InUse;

        Assert.Equal(SettingsTable.All.Select(setting => setting.Name), all.Select(setting => setting.Name));
        Assert.Equal(("east-1", SettingSource.Environment, "OVIM_CLUSTER_ID"), Facts(all, "OVIM_CLUSTER_ID"));
        Assert.Equal(("east-1", SettingSource.Default, null), Facts(all, "OVIM_ZONE_ID"));
        Assert.Equal(("spoke-agent-east-1", SettingSource.Default, null), Facts(all, "OVIM_AGENT_ID"));
        Assert.Equal(("9090", SettingSource.Environment, "OVIM_API_PORT"), Facts(all, "OVIM_HTTP_PORT"));
        Assert.Equal(("agents", SettingSource.File, null), Facts(all, "OVIM_NAMESPACE"));
        Assert.Equal(("30s", SettingSource.Default, null), Facts(all, "OVIM_HUB_TIMEOUT"));
        Assert.Equal((null, SettingSource.Default, null), Facts(all, "OVIM_HUB_CA_FILE"));
    }

    [Fact]
    public void Secret_is_said_to_be_there_and_not_shown()
    {
        var token = new TestEnvironment().Load().InUse.Single(setting => setting.Name == "OVIM_HUB_TOKEN");

        Assert.Equal((null, true, SettingSource.Environment), (token.Value, token.IsHidden, token.Source));
    }

    [Theory]
    [InlineData("/etc/ovim/token", "/etc/ovim/token")]
    [InlineData("s3cr3t", null)] // a file by chance, or the token itself
    public void Path_of_a_secret_is_shown_where_it_is_surely_one(string path, string? shown)
    {
        var all = new TestEnvironment().Without("OVIM_HUB_TOKEN").With("OVIM_HUB_TOKEN_FILE", path).WithFile(path, "t0ken").Load().InUse;

        Assert.Equal(shown, all.Single(setting => setting.Name == "OVIM_HUB_TOKEN_FILE").Value);
    }

    private static (string?, SettingSource, string?) Facts(IReadOnlyList<SettingInUse> all, string name)
    {
        var setting = all.Single(setting => setting.Name == name);
        return (setting.Value, setting.Source, setting.Variable);
    }
}
