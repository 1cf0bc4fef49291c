using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Reflection;
using Xunit.Sdk;

namespace OvimSpokeAgent.EndToEnd.Tests.Harness;

/// <summary>
/// The test kills and starts the real API server: it needs one whose pid is in the file <c>kube-apiserver.pid</c> beside the
/// administrator's kubeconfig.
/// </summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class OnRestartableApiServerAttribute : DataAttribute
{
    public OnRestartableApiServerAttribute()
    {
        if (RealCluster.Kubeconfigs.Count == 0 || RealCluster.Kubeconfigs.Any(kubeconfig => !File.Exists(RestartableApiServer.PidFileOf(kubeconfig))))
            Skip = $"needs a real API server with its pid file beside the kubeconfig that {RealCluster.KubeconfigVariable} names";
    }

    public override IEnumerable<object[]> GetData(MethodInfo testMethod) => [[ClusterKind.RealApiServer]];
}

/// <summary>The real API server as a process.</summary>
internal static class RestartableApiServer
{
    /// <summary>Where its pid is, if it is known.</summary>
    public static string PidFileOf(string kubeconfig) =>
        Path.Combine(Path.GetDirectoryName(Path.GetFullPath(kubeconfig))!, "kube-apiserver.pid");

    /// <summary>Kills it (SIGKILL) and starts it again as it was; returns when it says that it is ready.</summary>
    public static async Task RestartAsync(RealCluster cluster)
    {
        var pidFile = PidFileOf(cluster.Kubeconfig);
        var pid = int.Parse((await File.ReadAllTextAsync(pidFile)).Trim(), CultureInfo.InvariantCulture);
        var arguments = (await File.ReadAllTextAsync($"/proc/{pid}/cmdline")).TrimEnd('\0').Split('\0');
        var folder = File.ResolveLinkTarget($"/proc/{pid}/cwd", returnFinalTarget: true)!.FullName;
        using (var running = Process.GetProcessById(pid))
        {
            running.Kill();
            while (Directory.Exists($"/proc/{pid}") && !IsZombie(pid)) await Task.Delay(10);
        }
        var patience = Stopwatch.StartNew();
        do
        {
            if (patience.Elapsed > JsonApi.Patience) throw new TimeoutException("the API server does not become ready");
            pid = await StartAsync(folder, arguments, pidFile);
        }
        while (!await IsReadyAsync(cluster.Admin, pid, patience));
    }

    // Through a shell, so that its output goes to its log and it outlives the tests.
    private static async Task<int> StartAsync(string folder, IEnumerable<string> arguments, string pidFile)
    {
        var start = new ProcessStartInfo("sh") { WorkingDirectory = folder, RedirectStandardOutput = true };
        start.ArgumentList.Add("-c");
        start.ArgumentList.Add("setsid \"$@\" >>kube-apiserver.log 2>&1 </dev/null & echo $!");
        start.ArgumentList.Add("sh");
        foreach (var argument in arguments) start.ArgumentList.Add(argument);
        using var shell = Process.Start(start)!;
        var pid = (await shell.StandardOutput.ReadLineAsync())!;
        await File.WriteAllTextAsync(pidFile, pid + "\n");
        return int.Parse(pid, CultureInfo.InvariantCulture);
    }

    // False: it ended. Its port may be taken for a while: who connects to a port of the system's own range on which nobody listens
    // may be given that very port.
    private static async Task<bool> IsReadyAsync(JsonApi admin, int pid, Stopwatch patience)
    {
        using var looks = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        while (await admin.StatusOfAsync("readyz") is not HttpStatusCode.OK)
        {
            if (patience.Elapsed > JsonApi.Patience) throw new TimeoutException("the API server does not become ready");
            await looks.WaitForNextTickAsync();
            if (!Directory.Exists($"/proc/{pid}") || IsZombie(pid)) return false;
        }
        return true;
    }

    // Killed, and not waited for by its parent.
    private static bool IsZombie(int pid)
    {
        try
        {
            return File.ReadAllText($"/proc/{pid}/stat").Contains(") Z ", StringComparison.Ordinal);
        }
        catch (IOException)
        {
            return true;
        }
    }
}
