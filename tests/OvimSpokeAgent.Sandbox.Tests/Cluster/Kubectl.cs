using System.Diagnostics;
using KubernetesSandbox.Cluster;

namespace OvimSpokeAgent.Sandbox.Tests.Cluster;

/// <summary>Runs where <c>kubectl</c> is on the PATH.</summary>
public sealed class KubectlFactAttribute : FactAttribute
{
    public KubectlFactAttribute()
    {
        if (!Kubectl.IsInstalled) Skip = "kubectl is not on the PATH";
    }
}

/// <summary>A stock <c>kubectl</c> that talks to a sandbox.</summary>
internal sealed class Kubectl : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private readonly DirectoryInfo _home = Directory.CreateTempSubdirectory("kubectl-");
    private readonly string _kubeconfig;

    public Kubectl(SandboxCluster cluster) =>
        _kubeconfig = cluster.WriteKubeconfig(Path.Combine(_home.FullName, "config"));

    public static bool IsInstalled { get; } = (Environment.GetEnvironmentVariable("PATH") ?? "")
        .Split(Path.PathSeparator)
        .Any(folder => File.Exists(Path.Combine(folder, "kubectl")));

    /// <summary>What it prints on success. Arguments stand between spaces.</summary>
    public async Task<string> RunAsync(string arguments, string? input = null)
    {
        var (code, output, error) = await StartAsync(arguments, input);
        Assert.True(code == 0, $"kubectl {arguments}: exit code {code}\n{output}{error}");
        return output.Trim();
    }

    /// <summary>What it complains about.</summary>
    public async Task<string> FailAsync(string arguments, string? input = null)
    {
        var (code, output, error) = await StartAsync(arguments, input);
        Assert.True(code != 0, $"kubectl {arguments} did not fail\n{output}");
        return error.Trim();
    }

    /// <summary>What it prints, whether it calls that success or not.</summary>
    public async Task<string> OutputAsync(string arguments) => (await StartAsync(arguments, null)).Output.Trim();

    public void Dispose() => _home.Delete(recursive: true);

    private async Task<(int Code, string Output, string Error)> StartAsync(string arguments, string? input)
    {
        var start = new ProcessStartInfo("kubectl", arguments.Split(' '))
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["KUBECONFIG"] = _kubeconfig;
        start.Environment["HOME"] = _home.FullName;
        using var patience = new CancellationTokenSource(Patience);
        using var process = Process.Start(start)!;
        try
        {
            var (output, error) = (process.StandardOutput.ReadToEndAsync(patience.Token), process.StandardError.ReadToEndAsync(patience.Token));
            await process.StandardInput.WriteAsync(input ?? "");
            process.StandardInput.Close();
            await process.WaitForExitAsync(patience.Token);
            return (process.ExitCode, await output, await error);
        }
        finally
        {
            if (!process.HasExited) process.Kill(entireProcessTree: true);
        }
    }
}
