using System.Diagnostics;

namespace OvimSpokeAgent.EndToEnd.Tests.Harness;

/// <summary>A stock <c>kubectl</c>, where the PATH has one.</summary>
internal static class KubectlTool
{
    public static bool IsInstalled { get; } = (Environment.GetEnvironmentVariable("PATH") ?? "")
        .Split(Path.PathSeparator)
        .Any(folder => File.Exists(Path.Combine(folder, "kubectl")));

    /// <summary>What it prints; fails where it does.</summary>
    public static async Task<string> RunAsync(string kubeconfig, params string[] arguments)
    {
        var start = new ProcessStartInfo("kubectl", arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["KUBECONFIG"] = kubeconfig;
        using var process = Process.Start(start)!;
        var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync().WaitAsync(JsonApi.Patience);
        Assert.True(process.ExitCode == 0, $"kubectl {string.Join(' ', arguments)}: exit code {process.ExitCode}\n{await error}");
        return await output;
    }
}
