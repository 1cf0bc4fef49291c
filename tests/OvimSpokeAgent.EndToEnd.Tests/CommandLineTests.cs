using OvimSpokeAgent.EndToEnd.Tests.Harness;

namespace OvimSpokeAgent.EndToEnd.Tests;

/// <summary>The built agent, asked for something else than its job, without any setting.</summary>
public sealed class CommandLineTests
{
    private const int UsageError = 64; // sysexits.h, EX_USAGE

    [Theory]
    [InlineData("--help")]
    [InlineData("-h")]
    public async Task Help_shows_the_settings_and_ends_with_0(string option)
    {
        var (exitCode, output) = await RunAsync(option);

        Assert.Equal(0, exitCode);
        Assert.Contains("--version", output, StringComparison.Ordinal);
        Assert.Contains("  OVIM_CLUSTER_ID [required]", output, StringComparison.Ordinal);
        Assert.Contains("  OVIM_HUB_TIMEOUT [30s]", output, StringComparison.Ordinal);
        Assert.DoesNotContain("`", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Version_is_shown_alone_and_ends_with_0()
    {
        var (exitCode, output) = await RunAsync("--version");

        Assert.Equal(0, exitCode);
        Assert.Matches(@"^\d+\.\d+\.\d+[-.0-9A-Za-z]*$", output);
    }

    [Fact]
    public async Task Argument_that_it_does_not_know_is_named()
    {
        var (exitCode, output) = await RunAsync("--verbose");

        Assert.Equal(UsageError, exitCode);
        Assert.Contains("'--verbose'", output, StringComparison.Ordinal);
    }

    private static async Task<(int ExitCode, string Output)> RunAsync(string argument)
    {
        await using var agent = AgentProcess.Start(new Dictionary<string, string>(), argument);
        return (await agent.ExitAsync(), agent.Output);
    }
}
