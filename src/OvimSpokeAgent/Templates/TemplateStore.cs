using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Configuration;

namespace OvimSpokeAgent.Templates;

/// <summary>
/// Keeps templates as ConfigMaps in the agent's namespace (<see cref="TemplatePart"/>). The head is written last: whatever ends a
/// writer, what it leaves is the old set or the new one. Parts that no head names any more are removed after that. Other people's
/// ConfigMaps are neither read, changed nor removed, whatever their names. One writer at a time.
/// </summary>
internal sealed class TemplateStore(IKubernetesApi api, AgentSettings settings)
{
    private const int MaxTold = 8;

    // What is known to be there as it was written, with its version.
    private readonly Dictionary<string, string> _written = new(StringComparer.Ordinal);

    private string Namespace => settings.Namespace;

    /// <summary>Reads what is stored. What cannot be read costs the templates in it, and is named.</summary>
    /// <exception cref="KubernetesApiException">It cannot be read now.</exception>
    public async Task<StoredTemplates> LoadAsync(CancellationToken cancellationToken)
    {
        var head = await ReadAsync(new NamespacedName(Namespace, TemplatePart.HeadName), cancellationToken);
        if (head is not null && !TemplatePart.IsOwn(head.Metadata)) head = null;
        IReadOnlyList<string> lost = head is null ? [] : TemplatePart.ReadLost(head);
        _written.Clear();
        if (head is null || TemplatePart.ReadHead(head) is not { } says)
        {
            var (all, damaged) = await ReadAllAsync(cancellationToken);
            if (head is null && all.Count == 0 && damaged.Count == 0) return new StoredTemplates(TemplateSet.Empty, [], lost);
            var problem = $"ConfigMap {TemplatePart.HeadName} {(head is null ? "is missing" : "does not say which templates count")}";
            return new StoredTemplates(All(all), [problem, .. damaged], lost);
        }
        var found = await ReadNamedAsync(head, says, cancellationToken);
        if (found.Problems.Count > 0 || found.Templates.Count == says.Count) return found with { Lost = lost };
        // Someone wrote it anew: what it leaves out may be there.
        var changed = $"ConfigMap {TemplatePart.HeadName} was changed: it speaks of {says.Count} templates and names parts with {found.Templates.Count}";
        _written.Clear();
        var (there, others) = await ReadAllAsync(cancellationToken);
        return new StoredTemplates(All(there), [changed, .. others], lost);
    }

    /// <summary>Stores a set in the place of what is stored.</summary>
    /// <param name="templates">The set.</param>
    /// <param name="lost">What was lost before and has not come again, for those who read it later.</param>
    /// <param name="cancellationToken">Cancels it.</param>
    /// <exception cref="KubernetesApiException">It is not, or not as a whole: then what was stored before still counts.</exception>
    public async Task SaveAsync(TemplateSet templates, IReadOnlyList<string> lost, CancellationToken cancellationToken)
    {
        var parts = TemplatePart.Of(templates);
        // So that parts without a head are always those of a head that someone removed.
        if (_written.Count == 0) await WriteHeadAsync([], 0, lost, cancellationToken);
        foreach (var part in parts)
        {
            if (!_written.ContainsKey(part.Name)) await WritePartAsync(part, cancellationToken);
        }
        await WriteHeadAsync(parts, templates.Count, lost, cancellationToken);
        var current = parts.Select(part => part.Name).Append(TemplatePart.HeadName).ToHashSet(StringComparer.Ordinal);
        foreach (var old in _written.Keys.Where(name => !current.Contains(name)).ToList()) _written.Remove(old);
        try
        {
            await RemoveLeftoversAsync(await ListAsync(cancellationToken), cancellationToken);
        }
        catch (KubernetesApiException)
        {
            // The set is stored: what is left over counts for nothing, and is removed when its turn comes again.
        }
    }

    /// <summary>
    /// Looks whether what was stored is there as it was written, by metadata alone, and removes what a writer that was cut off left.
    /// </summary>
    /// <returns>What someone changed or removed; empty: nothing.</returns>
    public async Task<IReadOnlyList<string>> FindChangesAsync(CancellationToken cancellationToken)
    {
        var there = await ListAsync(cancellationToken);
        var versions = there.ToDictionary(item => item.Name, item => item.ResourceVersion, StringComparer.Ordinal);
        var changes = _written.Where(pair => versions.GetValueOrDefault(pair.Key) != pair.Value).Select(pair => pair.Key)
            .Order(StringComparer.Ordinal).ToList();
        if (changes.Count == 0 && _written.Count > 0) await RemoveLeftoversAsync(there, cancellationToken);
        return changes;
    }

    // Of those without a head: that they are whole is all that is known of them.
    private async Task<(List<LoadedPart> Parts, IReadOnlyList<string> Damaged)> ReadAllAsync(CancellationToken cancellationToken)
    {
        var (parts, damaged) = (new List<LoadedPart>(), new List<string>());
        await ForEachAsync(item =>
        {
            if (!TemplatePart.IsOwn(item.Metadata) || item.Metadata.Name == TemplatePart.HeadName) return;
            if (TemplatePart.Read(item.Value) is not { } templates)
            {
                if (damaged.Count < MaxTold) damaged.Add(Damaged(item.Metadata.Name));
            }
            else if (parts.Count < TemplatePart.MaxParts)
            {
                parts.Add(new LoadedPart(item.Metadata, templates));
            }
        }, cancellationToken);
        return (parts, damaged);
    }

    // A template that is in several parts is taken from the one written last.
    private TemplateSet All(List<LoadedPart> parts)
    {
        foreach (var part in parts) Wrote(part.Metadata);
        return new TemplateSet(parts.OrderBy(part => part.Metadata.CreationTimestamp).ThenBy(part => part.Metadata.Name, StringComparer.Ordinal)
            .SelectMany(part => part.Templates!));
    }

    // However many others someone gave the marks: those that the head names are read.
    private async Task<StoredTemplates> ReadNamedAsync(ConfigMapObject head, StoredHead says, CancellationToken cancellationToken)
    {
        var (names, parts) = (says.Parts.ToHashSet(StringComparer.Ordinal), new Dictionary<string, LoadedPart>(StringComparer.Ordinal));
        await ForEachAsync(item =>
        {
            if (TemplatePart.IsOwn(item.Metadata) && names.Contains(item.Metadata.Name))
                parts[item.Metadata.Name] = new LoadedPart(item.Metadata, TemplatePart.Read(item.Value));
        }, cancellationToken);
        var (templates, problems) = (new List<Template>(), new List<string>());
        foreach (var name in says.Parts)
        {
            if (!parts.TryGetValue(name, out var part)) problems.Add($"ConfigMap {name} is missing");
            else if (part.Templates is null) problems.Add(Damaged(name));
            else templates.AddRange(part.Templates);
            if (part.Templates is not null) Wrote(part.Metadata);
        }
        Wrote(head.Metadata);
        return new StoredTemplates(new TemplateSet(templates), problems, []);
    }

    private static string Damaged(string name) => $"ConfigMap {name} does not hold what was stored in it";

    private async Task WritePartAsync(TemplatePart part, CancellationToken cancellationToken)
    {
        var name = new NamespacedName(Namespace, part.Name);
        try
        {
            Wrote((await api.CreateAsync(
                KubernetesKinds.ConfigMap, Namespace, part.ToConfigMap(Namespace), ClusterJson.Default.AnyObject, cancellationToken)).Metadata);
        }
        catch (KubernetesApiException e) when (e.Reason is ApiErrorReason.AlreadyExists)
        {
            // Of an earlier attempt, as a rule.
            var there = await ReadAsync(name, cancellationToken)
                ?? throw new KubernetesApiException(ApiErrorReason.Conflict, $"ConfigMap {name} went just now", inner: e);
            RequireOwn(there.Metadata);
            if (TemplatePart.Read(there) is null) await ReplaceAsync(part, there.Metadata, cancellationToken);
            else Wrote(there.Metadata);
        }
    }

    // It cannot be changed, whoever made it so.
    private async Task ReplaceAsync(TemplatePart part, ObjectMetadata damaged, CancellationToken cancellationToken)
    {
        await DeleteAsync(damaged, cancellationToken);
        Wrote((await api.CreateAsync(
            KubernetesKinds.ConfigMap, Namespace, part.ToConfigMap(Namespace), ClusterJson.Default.AnyObject, cancellationToken)).Metadata);
    }

    private async Task WriteHeadAsync(
        IReadOnlyList<TemplatePart> parts, int count, IReadOnlyList<string> lost, CancellationToken cancellationToken)
    {
        var name = new NamespacedName(Namespace, TemplatePart.HeadName);
        var head = TemplatePart.ToHead(Namespace, parts, count, lost);
        try
        {
            Wrote((await api.CreateAsync(
                KubernetesKinds.ConfigMap, Namespace, head, ClusterJson.Default.AnyObject, cancellationToken)).Metadata);
        }
        catch (KubernetesApiException e) when (e.Reason is ApiErrorReason.AlreadyExists)
        {
            if (await ReadAsync(name, cancellationToken) is { } there)
            {
                RequireOwn(there.Metadata);
                // Someone made it so: it can be replaced alone. What ends a writer here leaves parts without a head, which are all read.
                if (there.Immutable is true) await DeleteAsync(there.Metadata, cancellationToken);
            }
            Wrote((await api.ApplyAsync(
                KubernetesKinds.ConfigMap, name, head, ClusterJson.Default.AnyObject, cancellationToken)).Metadata);
        }
    }

    private static void RequireOwn(ObjectMetadata metadata)
    {
        if (TemplatePart.IsOwn(metadata)) return;
        throw new KubernetesApiException(
            ApiErrorReason.Invalid,
            $"templates cannot be stored: ConfigMap {metadata.Key} is not the agent's (it lacks the labels "
            + $"{WellKnownNames.ManagedByLabel}={WellKnownNames.Agent} and {WellKnownNames.TemplateStoreLabel}); rename or remove it");
    }

    // Those of the store that are not in use: of a writer that was cut off, or of the set before.
    private async Task RemoveLeftoversAsync(IReadOnlyList<ObjectMetadata> there, CancellationToken cancellationToken)
    {
        foreach (var item in there.Where(item => !_written.ContainsKey(item.Name))) await DeleteAsync(item, cancellationToken);
    }

    private async Task DeleteAsync(ObjectMetadata item, CancellationToken cancellationToken)
    {
        try
        {
            await api.DeleteAsync(KubernetesKinds.ConfigMap, item.Key, new DeleteOptions { Uid = item.Uid }, cancellationToken);
        }
        catch (KubernetesApiException e) when (e.Reason is ApiErrorReason.NotFound or ApiErrorReason.Conflict)
        {
            // It is gone, whoever was faster.
        }
    }

    private Task<ConfigMapObject?> ReadAsync(NamespacedName name, CancellationToken cancellationToken) =>
        api.FindAsync(KubernetesKinds.ConfigMap, name, TemplateJson.Default.ConfigMapObject, cancellationToken);

    private async Task<IReadOnlyList<ObjectMetadata>> ListAsync(CancellationToken cancellationToken) =>
    [
        .. (await api.ListAllAsync(
                KubernetesKinds.ConfigMap, Namespace, ClusterJson.Default.AnyObject, cancellationToken, TemplatePart.Selector,
                item => item with { Metadata = item.Metadata with { Annotations = null } }))
            .Select(item => item.Metadata).Where(TemplatePart.IsOwn),
    ];

    private async Task ForEachAsync(Action<ReadObject<ConfigMapObject>> take, CancellationToken cancellationToken)
    {
        string? next = null;
        do
        {
            var query = new ListQuery { LabelSelector = TemplatePart.Selector, Limit = TemplatePart.MaxParts, Continue = next };
            next = (await api.ListAsync(
                KubernetesKinds.ConfigMap, Namespace, query, TemplateJson.Default.ConfigMapObject, take, cancellationToken)).Continue;
        }
        while (next is not null);
    }

    private void Wrote(ObjectMetadata metadata) => _written[metadata.Name] = metadata.ResourceVersion;

    private readonly record struct LoadedPart(ObjectMetadata Metadata, IReadOnlyList<Template>? Templates);
}

/// <summary>What was found stored.</summary>
/// <param name="Templates">The templates.</param>
/// <param name="Problems">What cannot be read, was changed or is missing; empty: all is as it was written.</param>
/// <param name="Lost">What was found so before, and has not come again since.</param>
internal sealed record StoredTemplates(TemplateSet Templates, IReadOnlyList<string> Problems, IReadOnlyList<string> Lost);
