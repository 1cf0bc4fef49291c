using System.Text.Json;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Validation;
using OvimSpokeAgent.VirtualMachines;

namespace OvimSpokeAgent.Templates;

/// <summary>
/// The Templates of the cluster's catalogue (<see cref="OpenShiftTemplateItem.Namespace"/>). Of each the cache has a few names; the
/// Template itself is read when a VM is made of it.
/// </summary>
internal sealed class OpenShiftTemplates(IKubernetesApi api, WatchCache<OpenShiftTemplateObject, OpenShiftTemplateItem> cache)
{
    private const string ParametersField = "parameters";

    public IWatchCacheStatus Cache => cache;

    /// <summary>All that are about VMs, by name.</summary>
    public IEnumerable<OpenShiftTemplateItem> All => cache.Items.OrderBy(item => item.Name, StringComparer.Ordinal);

    /// <summary>The Template of a name with the payload's values, or why no VM can be made of it; neither: there is no such.</summary>
    /// <exception cref="KubernetesApiException">It cannot be read now.</exception>
    public async Task<(TemplateContent? Template, string? Refusal)> FindAsync(string name, JsonElement payload, CancellationToken cancellationToken)
    {
        if (!KubernetesNames.IsDnsSubdomain(name) || await ReadAsync(name, cancellationToken) is not { } found || !OpenShiftTemplate.HasMachine(found)) return (null, null);
        var given = JsonText.EmptyObject;
        if (JsonText.TryGetProperty(payload, ParametersField, out var parameters) && !JsonText.IsEmpty(parameters))
        {
            if (parameters.ValueKind is not JsonValueKind.Object) return (null, $"{ParametersField}: {JsonText.Describe(parameters)} is not an object");
            given = parameters;
        }
        var vm = JsonText.TryGetProperty(payload, "name", out var its) && JsonText.TryGetString(its, out var text) ? text : "";
        var (template, problem) = OpenShiftTemplate.Of(found, given, vm, OpenShiftTemplateItem.Expression);
        if (template is null) return (null, Refusal(name, problem!));
        var (images, missing) = await ImagesAsync(template.DataSources(), cancellationToken);
        if (missing is not null) return (null, Refusal(name, missing));
        var (parts, why) = template.Read(source => images[source]);
        return parts is null ? (null, Hidden(Refusal(name, why!), template.Values)) : (new TemplateContent(name, parts.Content) { Carried = parts.Carried }, null);
    }

    private static string Refusal(string name, string why) => $"template {name}: {why}";

    // A place's name may have a value in it.
    private static string Hidden(string text, ParameterValues values) => values.Secret.Select(pair => pair.Value).Where(value => value.Length > 2)
        .OrderByDescending(value => value.Length).Aggregate(text, (shown, value) => shown.Replace(value, "(not shown)", StringComparison.Ordinal));

    private async Task<OpenShiftTemplateObject?> ReadAsync(string name, CancellationToken cancellationToken)
    {
        if (cache.Status.State is CacheState.NoKindMatch) return null;
        try
        {
            return await api.FindAsync(
                OfferedKinds.OpenShiftTemplate,
                new NamespacedName(OpenShiftTemplateItem.Namespace, name),
                TemplateJson.Default.OpenShiftTemplateObject,
                cancellationToken);
        }
        catch (KubernetesApiException e) when (e.Reason is ApiErrorReason.NoKindMatch || (e.Reason is ApiErrorReason.Forbidden && cache.Get(new(OpenShiftTemplateItem.Namespace, name)) is null))
        {
            return null; // not OpenShift, or not for this agent to read
        }
    }

    private async Task<(IReadOnlyDictionary<NamespacedName, string> Images, string? Missing)> ImagesAsync(
        IReadOnlyList<NamespacedName> sources, CancellationToken cancellationToken)
    {
        var images = new Dictionary<NamespacedName, string>();
        foreach (var source in sources)
        {
            var (claim, why) = await ClaimOfAsync(source, cancellationToken);
            if (claim is not { Name.Length: > 0 }) return (images, $"DataSource {source} {why}");
            images[source] = $"pvc:{(string.IsNullOrEmpty(claim.Namespace) ? source.Namespace : claim.Namespace)}/{claim.Name}";
        }
        return (images, null);
    }

    private async Task<(DataSourceClaim? Claim, string Why)> ClaimOfAsync(NamespacedName source, CancellationToken cancellationToken)
    {
        try
        {
            var found = await api.FindAsync(OfferedKinds.DataSource, source, TemplateJson.Default.DataSourceObject, cancellationToken);
            return found is null ? (null, "does not exist") : (found.Spec?.Source?.Pvc, "names no PersistentVolumeClaim, from which alone disks are copied");
        }
        catch (KubernetesApiException e) when (e.Reason is ApiErrorReason.NoKindMatch)
        {
            return (null, "cannot be read: CDI is not installed on this cluster");
        }
        catch (KubernetesApiException e) when (e.Reason is ApiErrorReason.Forbidden)
        {
            return (null, $"cannot be read: {e.Message}");
        }
    }
}
