namespace OvimSpokeAgent.Sandbox.Tour;

/// <summary>
/// The folder of a sandbox's files, for the life of its process: it goes when it is disposed of, and when the process exits
/// without that. A process that is killed cannot take its folder away; the next one does, and knows by the lock in it, which
/// the system lets go with its process.
/// </summary>
internal sealed class SandboxFolder : IDisposable
{
    private const string Prefix = "ovim-sandbox-";
    private const string LockName = "lock";

    private readonly FileStream _lock;
    private bool _isDisposed;

    private SandboxFolder(string path, FileStream held)
    {
        (FullName, _lock) = (path, held);
        AppDomain.CurrentDomain.ProcessExit += OnExit;
    }

    public string FullName { get; }

    /// <summary>Leave it behind for good: something went wrong, and someone will want to look.</summary>
    public bool IsKept { get; set; }

    /// <summary>Makes a folder for temporary files, and removes those that processes left that were killed.</summary>
    public static SandboxFolder Create()
    {
        // Under another name until it is locked: nobody may take it for one that was left.
        var unlocked = Directory.CreateTempSubdirectory($".{Prefix}");
        var held = TryLock(unlocked.FullName, FileMode.Create) ?? throw new IOException($"{unlocked.FullName} cannot be locked");
        var parent = unlocked.Parent!.FullName;
        unlocked.MoveTo(Path.Combine(parent, unlocked.Name[1..]));
        var folder = new SandboxFolder(unlocked.FullName, held);
        using var second = TryLock(folder.FullName, FileMode.Open);
        // Some file systems have no locks: there nothing tells what was left.
        if (second is null) RemoveLeft(parent);
        return folder;
    }

    public void Dispose()
    {
        if (_isDisposed) return;
        _isDisposed = true;
        AppDomain.CurrentDomain.ProcessExit -= OnExit;
        Remove();
        _lock.Dispose();
    }

    private void OnExit(object? sender, EventArgs e) => Dispose();

    private void Remove()
    {
        if (!Directory.Exists(FullName)) return; // cleaners of temp folders come first at times
        if (IsKept) File.Delete(Path.Combine(FullName, LockName));
        else Directory.Delete(FullName, recursive: true);
    }

    private static void RemoveLeft(string parent)
    {
        foreach (var path in Directory.GetDirectories(parent, $"{Prefix}*"))
        {
            using var held = TryLock(path, FileMode.Open);
            if (held is not null) Directory.Delete(path, recursive: true);
        }
    }

    /// <returns>Null where another process has it, or where there is nothing to lock.</returns>
    private static FileStream? TryLock(string folder, FileMode mode)
    {
        try
        {
            return new FileStream(Path.Combine(folder, LockName), mode, FileAccess.ReadWrite, FileShare.None);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
