using System.Diagnostics;
using OvimSpokeAgent.EndToEnd.Tests.Harness;

namespace OvimSpokeAgent.EndToEnd.Tests;

/// <summary>The built agent, told something that it cannot work with.</summary>
public sealed class ConfigurationErrorTests
{
    private const int ConfigurationError = 78; // sysexits.h, EX_CONFIG

    private static readonly Dictionary<string, string> Good = new()
    {
        ["OVIM_CLUSTER_ID"] = "cluster-1",
        ["OVIM_HUB_ENDPOINT"] = "http://127.0.0.1:9",
        ["OVIM_HUB_TOKEN"] = "s3cret-t0ken",
        ["OVIM_HTTP_ADDRESS"] = "127.0.0.1",
        ["OVIM_HTTP_PORT"] = "0",
        ["OVIM_DEBUG_PORT"] = "0",
    };

    [Fact]
    public async Task All_errors_are_shown_at_once_with_variable_value_and_what_is_expected()
    {
        var (exitCode, output) = await RunAsync(new()
        {
            ["OVIM_HUB_ENDPOINT"] = "hub.example.com",
            ["OVIM_HUB_TOKEN"] = "two words of a token",
            ["OVIM_HTTP_PORT"] = "eighty",
            ["OVIM_HUB_TIMEOUTS"] = "30s",
        });

        Assert.Equal(ConfigurationError, exitCode);
        Assert.Equal(
            [
                "The configuration has 4 errors:",
                "  - OVIM_CLUSTER_ID: missing, expected 1 to 63 letters, digits, '-', '_' and '.', beginning and ending with a letter or digit",
                "  - OVIM_HUB_ENDPOINT: \"hub.example.com\" is not valid, expected an http(s) URL without credentials, query and fragment, e.g. https://hub.example.com",
                "  - OVIM_HUB_TOKEN: its value (not shown) is not valid, expected a token of printable ASCII characters without spaces",
                "  - OVIM_HTTP_PORT: \"eighty\" is not valid, expected a whole number from 0 to 65535",
                "Beside that:",
            ],
            output.Split('\n').Take(6));
        Assert.Contains("OVIM_HUB_TIMEOUTS", output.Split('\n')[6], StringComparison.Ordinal);
        Assert.Contains("OVIM_HUB_TIMEOUT", output.Split('\n')[6], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Kubeconfig_without_a_server_is_an_error_of_the_configuration_too()
    {
        var kubeconfig = Path.GetTempFileName();
        await File.WriteAllTextAsync(kubeconfig, "apiVersion: v1\nkind: Config\n");

        var (exitCode, output) = await RunAsync(new(Good) { ["OVIM_KUBECONFIG"] = kubeconfig });

        Assert.Equal(ConfigurationError, exitCode);
        Assert.Contains($"  - OVIM_KUBECONFIG: \"{kubeconfig}\" cannot be used (", output, StringComparison.Ordinal);
        File.Delete(kubeconfig);
    }

    [Fact]
    public async Task It_ends_within_a_second()
    {
        var patience = Stopwatch.StartNew();
        while (true)
        {
            var run = Stopwatch.StartNew();
            Assert.Equal(ConfigurationError, (await RunAsync([])).ExitCode);
            if (run.Elapsed < TimeSpan.FromSeconds(1)) return;
            Assert.True(patience.Elapsed < TimeSpan.FromMinutes(2), $"it took {run.Elapsed} at last"); // other work may slow one run down
        }
    }

    private static async Task<(int ExitCode, string Output)> RunAsync(Dictionary<string, string> variables)
    {
        await using var agent = AgentProcess.Start(variables);
        return (await agent.ExitAsync(), agent.Output);
    }
}
