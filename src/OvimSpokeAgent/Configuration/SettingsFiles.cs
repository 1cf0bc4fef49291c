using System.Text;

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
            var text = new StringBuilder();
            Span<char> buffer = stackalloc char[1024]; // grows with the file: credentials are read every few seconds
            while (reader.Read(buffer) is > 0 and var length)
            {
                text.Append(buffer[..length]);
                if (text.Length > MaxLength) return new(null, "it is larger than 1 MiB");
            }
            return new(text.ToString(), null);
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
