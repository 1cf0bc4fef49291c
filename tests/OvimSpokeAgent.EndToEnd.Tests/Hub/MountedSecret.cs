using System.Runtime.InteropServices;

namespace OvimSpokeAgent.EndToEnd.Tests.Hub;

/// <summary>
/// A Secret as the kubelet mounts it: each key is a link through <c>..data</c>, which is swapped in one step when the
/// Secret changes.
/// </summary>
internal sealed class MountedSecret : IDisposable
{
    private int _version;

    public MountedSecret(params (string Key, string Value)[] items)
    {
        Write(items);
        foreach (var (key, _) in items) File.CreateSymbolicLink(Path.Combine(Folder, key), Path.Combine("..data", key));
    }

    /// <summary>Where it is mounted.</summary>
    public string Folder { get; } = Directory.CreateTempSubdirectory("ovim-secret").FullName;

    /// <summary>The path of a key's file.</summary>
    public string this[string key] => Path.Combine(Folder, key);

    /// <summary>Replaces the whole content at once.</summary>
    public void Write(params (string Key, string Value)[] items)
    {
        var version = $"..v{++_version}";
        Directory.CreateDirectory(Path.Combine(Folder, version));
        foreach (var (key, value) in items) File.WriteAllText(Path.Combine(Folder, version, key), value);
        var link = Path.Combine(Folder, "..data_tmp");
        File.CreateSymbolicLink(link, version);
        Assert.Equal(0, Rename(link, Path.Combine(Folder, "..data")));
    }

    // File.Move follows the link.
    [DllImport("libc", EntryPoint = "rename", SetLastError = true)]
    private static extern int Rename(
        [MarshalAs(UnmanagedType.LPUTF8Str)] string from, [MarshalAs(UnmanagedType.LPUTF8Str)] string to);

    public void Dispose() => Directory.Delete(Folder, recursive: true);
}
