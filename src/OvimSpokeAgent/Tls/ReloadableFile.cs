using System.Security.Cryptography.X509Certificates;
using OvimSpokeAgent.Configuration;
using OvimSpokeAgent.Validation;

namespace OvimSpokeAgent.Tls;

/// <summary>
/// A value read from one or several files, e.g. of a mounted Secret, whose links are swapped when it changes. Content
/// that cannot be used never replaces one that can: the last good value stays, and <see cref="Problem"/> says why.
/// </summary>
/// <param name="what">What it is, for messages.</param>
/// <param name="files">The files with the settings that name them.</param>
/// <param name="parse">Makes the value from the files' texts, in their order.</param>
/// <param name="certificatesOf">The certificates in a value whose end matters.</param>
/// <param name="read">Reads a file.</param>
internal sealed class ReloadableFile<T>(
    string what,
    IReadOnlyList<(string Setting, string Path)> files,
    Func<IReadOnlyList<string>, Parsed<T>> parse,
    Func<T, IEnumerable<X509Certificate2>> certificatesOf,
    SettingsFileReader read) : IReloadableFile
    where T : class
{
    private readonly Lock _lock = new();
    private IReadOnlyList<string> _texts = [];
    private volatile T? _current;
    private volatile string? _problem;

    public string What => what;

    public string Settings { get; } = string.Join(", ", files.Select(file => $"{file.Setting}={file.Path}"));

    public string? Problem => _problem;

    /// <summary>The last good value; null: there never was one.</summary>
    public T? Current => _current;

    public IReadOnlyList<X509Certificate2> Certificates => _current is { } value ? [.. certificatesOf(value)] : [];

    /// <summary>Counts the values there were: who keeps something made of one sees when it is outdated.</summary>
    public int Version { get; private set; }

    public bool Refresh()
    {
        lock (_lock)
        {
            // Files that belong together may change one after the other: what does not fit is looked at once more.
            return TryRefresh(out var problem) || (problem is not null && TryRefresh(out problem)) || Failed(problem);
        }
    }

    private bool Failed(string? problem)
    {
        _problem = problem;
        return false;
    }

    private bool TryRefresh(out string? problem)
    {
        var texts = new List<string>(files.Count);
        foreach (var (setting, path) in files)
        {
            var file = read(path);
            if (file.Text is null)
            {
                problem = $"{setting}: {path} cannot be read ({file.Problem})";
                return false;
            }
            texts.Add(file.Text);
        }
        problem = null;
        if (texts.SequenceEqual(_texts)) return false;
        var (value, wrong) = parse(texts);
        if (value is null)
        {
            problem = $"{Settings}: {wrong}";
            return false;
        }
        (_texts, _current, _problem) = (texts, value, null);
        Version++;
        return true;
    }
}
