using System.Text.Json;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Leadership;
using OvimSpokeAgent.Supervision;
using OvimSpokeAgent.Validation;
using OvimSpokeAgent.VirtualMachines;

namespace OvimSpokeAgent.Templates;

/// <summary>
/// The templates, in memory as they are stored. Read anew whenever this agent begins to lead: another one may have written
/// meanwhile. One set takes the place of the other as a whole, once it is stored. Who asks before the first read waits for it.
/// </summary>
internal sealed partial class TemplateCache(
    TemplateStore store, ILeadership leadership, ILogger<TemplateCache> logger)
{
    private readonly AsyncLock _turn = new();
    private volatile Loaded? _loaded;
    private volatile IReadOnlyList<string> _lost = [];
    private volatile string? _problem;

    /// <summary>How many there are; null: that is not known, or not any more.</summary>
    public int? Count => Current?.Templates.Count;

    /// <summary>What could not be read, so that templates may be missing until the hub sends them again; empty: nothing.</summary>
    public IReadOnlyList<string> Lost => IsLeading ? _lost : [];

    /// <summary>Why templates cannot be read or stored now; null: they can, or it is not for this agent to do.</summary>
    public string? Problem => IsLeading ? _problem : null;

    /// <summary>All of them, as far as they were read; from memory.</summary>
    public IEnumerable<Template> Known => Current?.Templates.All ?? [];

    /// <summary>Whether it is this agent that keeps them.</summary>
    public bool IsLeading => leadership.Current is not null;

    // What another agent did since is not known to one that led before.
    private Loaded? Current => leadership.Current is { } term && _loaded is { } loaded && loaded.Term == term ? loaded : null;

    /// <summary>See <see cref="ITemplateSource.FindAsync"/>.</summary>
    public async Task<(TemplateContent? Template, string? Refusal)> FindAsync(string name, CancellationToken cancellationToken)
    {
        var templates = await GetAsync(cancellationToken);
        if (templates.Find(name) is { } found) return (new TemplateContent(found.Name, found.Content), null);
        var known = templates.Count == 1 ? "there is 1 template" : $"there are {templates.Count} templates";
        return (null, $"template_name: {JsonText.Show(name)} is not known here; {known}");
    }

    /// <summary>All of them.</summary>
    /// <exception cref="KubernetesApiException">They cannot be read now, or this agent does not lead.</exception>
    public async Task<TemplateSet> GetAsync(CancellationToken cancellationToken)
    {
        if (_loaded is { } loaded && loaded.Term == leadership.Current) return loaded.Templates;
        using var turn = await _turn.HoldAsync(cancellationToken);
        return (await LoadAsync(cancellationToken)).Templates;
    }

    /// <summary>Takes a list of templates over, as a whole.</summary>
    /// <param name="list">An array.</param>
    /// <param name="isWanted">Whether what it comes to is to be stored.</param>
    /// <param name="beforeWriting">Called before anything is changed; not where nothing is to be.</param>
    /// <param name="cancellationToken">Cancels it.</param>
    /// <exception cref="KubernetesApiException">It is not stored: what was there before still counts.</exception>
    public async Task<TemplateList> ReplaceAsync(
        JsonElement list, Predicate<TemplateList> isWanted, Func<TemplateList, Task> beforeWriting, CancellationToken cancellationToken)
    {
        using var turn = await _turn.HoldAsync(cancellationToken);
        var loaded = await LoadAsync(cancellationToken);
        var read = TemplateList.Read(list, loaded.Templates);
        if (!isWanted(read)) return read;
        if (!read.After.IsSameAs(loaded.Templates) || _lost.Count > 0)
        {
            await beforeWriting(read);
            await SaveAsync(loaded, read.After, [], cancellationToken);
            _lost = [];
            LogReplaced(read.After.Count, read.Removed, read.Rejected.Count);
        }
        return read;
    }

    /// <summary>
    /// Reads anew what is stored, in the place of what is in memory, which stays where it is the better of both. Null, or why it stays.
    /// </summary>
    /// <exception cref="KubernetesApiException">It cannot be read now, or this agent does not lead: what is in memory stays.</exception>
    public async Task<string?> ClearAsync(CancellationToken cancellationToken)
    {
        using var turn = await _turn.HoldAsync(cancellationToken);
        var loaded = await LoadAsync(cancellationToken);
        if (!loaded.IsStored) return $"what is in memory stays, since not all of it is stored: {_problem ?? "it is being written"}";
        var found = await store.LoadAsync(cancellationToken);
        var isWhole = found.Problems.Count == 0;
        _loaded = loaded with { Templates = isWhole ? found.Templates : loaded.Templates, IsStored = isWhole };
        if (!isWhole) return $"what is in memory stays and is stored anew, since what is stored is damaged: {string.Join("; ", found.Problems)}";
        _lost = found.Lost;
        return null;
    }

    /// <summary>Sees to it that what is stored is what is in memory, whoever changed or removed it.</summary>
    /// <exception cref="KubernetesApiException">That cannot be done now.</exception>
    public async Task EnsureStoredAsync(CancellationToken cancellationToken)
    {
        using var turn = await _turn.HoldAsync(cancellationToken);
        var loaded = await LoadAsync(cancellationToken);
        try
        {
            var changed = loaded.IsStored ? await store.FindChangesAsync(cancellationToken) : [];
            if (loaded.IsStored && changed.Count == 0)
            {
                _problem = null;
                return;
            }
            var found = await store.LoadAsync(cancellationToken);
            _loaded = loaded = loaded with { IsStored = found.Problems.Count == 0 && found.Templates.IsSameAs(loaded.Templates) };
            if (!loaded.IsStored)
            {
                await SaveAsync(loaded, loaded.Templates, _lost, cancellationToken);
                LogRestored(string.Join(", ", changed));
            }
            _problem = null;
        }
        catch (KubernetesApiException e)
        {
            _problem = e.Message;
            throw;
        }
    }

    private async Task SaveAsync(Loaded loaded, TemplateSet templates, IReadOnlyList<string> lost, CancellationToken cancellationToken)
    {
        _loaded = loaded with { IsStored = false };
        try
        {
            await store.SaveAsync(templates, lost, cancellationToken);
            _loaded = loaded with { Templates = templates, IsStored = true };
            _problem = null;
        }
        catch (KubernetesApiException e)
        {
            _problem = e.Message;
            throw;
        }
    }

    // Within a turn.
    private async Task<Loaded> LoadAsync(CancellationToken cancellationToken)
    {
        var term = leadership.Current
            ?? throw new KubernetesApiException(ApiErrorReason.NotLeading, "templates are not read: this agent does not lead");
        if (_loaded is { } loaded && loaded.Term == term) return loaded;
        try
        {
            var found = await store.LoadAsync(cancellationToken);
            if (found.Problems.Count > 0) LogLost(string.Join("; ", found.Problems), found.Templates.Count);
            _lost = [.. found.Problems, .. found.Lost.Except(found.Problems)];
            _problem = null;
            return _loaded = new Loaded(term, found.Templates, IsStored: found.Problems.Count == 0);
        }
        catch (KubernetesApiException e)
        {
            _problem = e.Message;
            throw;
        }
    }

    // Of a set that is not stored, or not as a whole, the store does not know what is there.
    private sealed record Loaded(Term Term, TemplateSet Templates, bool IsStored);

    [LoggerMessage(6001, LogLevel.Information, "{Count} templates are stored, {Removed} of the former ones went, {Rejected} were rejected")]
    private partial void LogReplaced(int count, int removed, int rejected);

    [LoggerMessage(6002, LogLevel.Warning, "Templates that were stored cannot be read ({Problems}); {Count} are there until the hub sends them again")]
    private partial void LogLost(string problems, int count);

    [LoggerMessage(6003, LogLevel.Warning, "Stored templates were not as they should be, and are written anew; changed or removed by someone: {ConfigMaps}")]
    private partial void LogRestored(string configMaps);
}
