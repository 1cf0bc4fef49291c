namespace OvimSpokeAgent.Configuration;

/// <summary>A file's text, or the reason why there is none (as it completes "cannot be read: …").</summary>
internal readonly record struct FileText(string? Text, string? Problem);

/// <summary>Reads a file that a setting names. Never throws for a file that cannot be read.</summary>
internal delegate FileText SettingsFileReader(string path);

/// <summary>The files of the machine.</summary>
internal static class SettingsFiles
{
    private const int MaxLength = 1024 * 1024;

    /// <summary>Reads at most 1 MiB: a path such as <c>/dev/zero</c> must not hold up the start.</summary>
    public static FileText Read(string path)
    {
        try
        {
            using var reader = new StreamReader(path);
            var buffer = new char[MaxLength + 1];
            var length = reader.ReadBlock(buffer);
            return length <= MaxLength ? new(new string(buffer, 0, length), null) : new(null, "it is larger than 1 MiB");
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return new(null, "it does not exist");
        }
        catch (UnauthorizedAccessException)
        {
            return new(null, Directory.Exists(path) ? "it is a directory" : "access is denied");
        }
        catch (Exception e) when (e is IOException or ArgumentException or NotSupportedException)
        {
            return new(null, "it is no readable file");
        }
    }
}
