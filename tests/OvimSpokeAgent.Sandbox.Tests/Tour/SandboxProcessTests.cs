using System.Diagnostics;
using System.Runtime.InteropServices;

namespace OvimSpokeAgent.Sandbox.Tests.Tour;

/// <summary>The sandbox as a process: what it leaves behind.</summary>
public sealed partial class SandboxProcessTests : IDisposable
{
    private const int SigKill = 9;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly DirectoryInfo _temp = Directory.CreateTempSubdirectory("sandbox-process-");
    private readonly List<Process> _started = [];

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(15)]
    public async Task A_signal_ends_it_in_order_and_its_folder_is_gone(int signal)
    {
        var sandbox = await StaysUpAsync();
        Assert.Single(Folders);

        Assert.Equal(0, Kill(sandbox.Id, signal));

        Assert.Equal(0, await ExitAsync(sandbox));
        Assert.Empty(Folders);
    }

    [Fact]
    public async Task What_a_killed_one_left_the_next_takes_away_and_not_what_another_still_uses()
    {
        var killed = await StaysUpAsync();
        var left = Folders.Single();
        var other = await StaysUpAsync();
        var inUse = Folders.Single(folder => folder != left);
        Assert.Equal(0, Kill(killed.Id, SigKill));
        await ExitAsync(killed);
        Assert.Contains(left, Folders);

        var next = await StaysUpAsync();

        Assert.DoesNotContain(left, Folders);
        Assert.Contains(inUse, Folders);
        foreach (var sandbox in new[] { other, next })
        {
            Kill(sandbox.Id, 15);
            await ExitAsync(sandbox);
        }
        Assert.Empty(Folders);
    }

    [Fact]
    public async Task Version_is_shown()
    {
        var sandbox = Start("--version");
        var told = await sandbox.StandardOutput.ReadToEndAsync();

        Assert.Equal(0, await ExitAsync(sandbox));
        Assert.Matches(@"^\d+\.\d+\.\d+\S*\n$", told);
    }

    public void Dispose()
    {
        foreach (var process in _started)
        {
            if (!process.HasExited) process.Kill(); // only where a test failed
            process.Dispose();
        }
        _temp.Delete(recursive: true);
    }

    private string[] Folders => Directory.GetDirectories(_temp.FullName, "*ovim*", new EnumerationOptions { AttributesToSkip = 0 });

    private async Task<Process> StaysUpAsync()
    {
        var sandbox = Start("--no-agent", "--hub-port", "0", "--cluster-port", "0");
        using var patience = new CancellationTokenSource(Patience);
        while (await sandbox.StandardOutput.ReadLineAsync(patience.Token) is { } line)
        {
            if (line.Contains("It stays up until Ctrl+C.", StringComparison.Ordinal)) return sandbox;
        }
        throw new InvalidOperationException($"it ended: {await sandbox.StandardError.ReadToEndAsync(patience.Token)}");
    }

    private Process Start(params string[] arguments)
    {
        // A shell that runs the tests in the background ignores these signals, and its children inherit that.
        var start = new ProcessStartInfo(
            "env",
            ["--default-signal", "dotnet", Path.Combine(AppContext.BaseDirectory, "OvimSpokeAgent.Sandbox.dll"), .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["TMPDIR"] = _temp.FullName;
        var process = Process.Start(start)!;
        _started.Add(process);
        return process;
    }

    private static async Task<int> ExitAsync(Process process)
    {
        using var patience = new CancellationTokenSource(Patience);
        await process.WaitForExitAsync(patience.Token);
        return process.ExitCode;
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Kill(int pid, int signal);
}
