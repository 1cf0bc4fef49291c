using System.Text.Json;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Validation;
using OvimSpokeAgent.VirtualMachines;

namespace OvimSpokeAgent.Templates;

/// <summary>
/// The Templates of the cluster's catalogue (<see cref="OpenShiftTemplateItem.Namespace"/>). Of each the cache has a few names; the
/// Template itself is read when a VM is made of it.
/// </summary>
internal sealed class OpenShiftTemplates(
    IKubernetesApi api, WatchCache<OpenShiftTemplateObject, OpenShiftTemplateItem> cache, AccessReviews reviews)
{
    private const string ParametersField = "parameters";

    public IWatchCacheStatus Cache => cache;

    /// <summary>All that are about VMs, by name.</summary>
    public IEnumerable<OpenShiftTemplateItem> All => cache.Items.OrderBy(item => item.Name, StringComparer.Ordinal);

    /// <summary>The Template of a name with the payload's values, or why no VM can be made of it; neither: there is no such.</summary>
    /// <exception cref="KubernetesApiException">It cannot be read now.</exception>
    public async Task<(TemplateContent? Template, string? Refusal)> FindAsync(string name, JsonElement payload, CancellationToken cancellationToken)
    {
        if (!KubernetesNames.IsDnsSubdomain(name) || await ReadAsync(name, NamespaceOf(payload), cancellationToken) is not { } found || !OpenShiftTemplate.HasMachine(found)) return (null, null);
        var given = JsonText.EmptyObject;
        if (JsonText.TryGetProperty(payload, ParametersField, out var parameters) && !JsonText.IsEmpty(parameters))
        {
            if (parameters.ValueKind is not JsonValueKind.Object) return (null, $"{ParametersField}: {JsonText.Describe(parameters)} is not an object");
            given = parameters;
        }
        var vm = TextOf(payload, "name");
        var (template, problem) = OpenShiftTemplate.Of(found, given, vm, OpenShiftTemplateItem.Expression);
        if (template is null) return (null, Refusal(name, problem!));
        var (images, missing) = await ImagesAsync(template.DataSources(), NamespaceOf(payload), cancellationToken);
        if (missing is not null) return (null, Refusal(name, missing));
        var (parts, why) = template.Read(source => images[source]);
        return parts is null ? (null, Hidden(Refusal(name, why!), template.Values)) : (new TemplateContent(name, parts.Content) { Carried = parts.Carried }, null);
    }

    private static string NamespaceOf(JsonElement payload) => TextOf(payload, "namespace");

    private static string TextOf(JsonElement payload, string field) =>
        JsonText.TryGetProperty(payload, field, out var its) && JsonText.TryGetString(its, out var text) ? text : "";

    private static string Refusal(string name, string why) => $"template {name}: {why}";

    // A place's name may have a value in it.
    private static string Hidden(string text, ParameterValues values) => SecretParameters.Hide(text, values.Secret.Select(pair => pair.Value));

    private async Task<OpenShiftTemplateObject?> ReadAsync(string name, string ns, CancellationToken cancellationToken)
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
        catch (KubernetesApiException e) when (e.Reason is ApiErrorReason.NoKindMatch)
        {
            return null; // not OpenShift
        }
        catch (KubernetesApiException e) when (e.Reason is ApiErrorReason.Forbidden)
        {
            var needed = new NeededPermission("get", OfferedKinds.OpenShiftTemplate, OpenShiftTemplateItem.Namespace, Name: name);
            if (await reviews.IsAllowedAsync(needed, cancellationToken)) throw DeniedForNow();
            await ThrowIfAllIsDeniedAsync(ns, cancellationToken);
            return null; // not for this agent to read
        }
    }

    // A server that starts denies everything, in its reviews, too; what the agent needs for any VM, it has.
    private async Task ThrowIfAllIsDeniedAsync(string ns, CancellationToken cancellationToken)
    {
        if (!await reviews.IsAllowedAsync(new NeededPermission("create", KubeVirtKinds.VirtualMachine, ns), cancellationToken)) throw DeniedForNow();
    }

    private static KubernetesApiException DeniedForNow() =>
        new(ApiErrorReason.Unavailable, "the API server denies access for now: it may have just started");

    private async Task<(IReadOnlyDictionary<NamespacedName, string> Images, string? Missing)> ImagesAsync(
        IReadOnlyList<NamespacedName> sources, string ns, CancellationToken cancellationToken)
    {
        var images = new Dictionary<NamespacedName, string>();
        foreach (var source in sources)
        {
            var (claim, why) = source.Namespace == ns || await MayCloneFromAsync(source.Namespace, ns, cancellationToken)
                ? await ClaimOfAsync(source, ns, cancellationToken)
                : (null, $"is not for VMs of {ns}: User {AccessReviews.UserOf(new(ns, "default"))} may not clone from namespace {source.Namespace} "
                    + $"(create {KubeVirtKinds.DataVolume.Plural}/source, given there)");
            if (claim is not { Name.Length: > 0 }) return (images, $"DataSource {source} {why}");
            images[source] = $"pvc:{(string.IsNullOrEmpty(claim.Namespace) ? source.Namespace : claim.Namespace)}/{claim.Name}";
        }
        return (images, null);
    }

    /// <summary>
    /// What CDI asks before it clones (<see cref="DiskSources"/>), asked before the agent looks: else its answers would tell a tenant
    /// what others have.
    /// </summary>
    private async Task<bool> MayCloneFromAsync(string from, string ns, CancellationToken cancellationToken)
    {
        var account = new NamespacedName(ns, "default");
        try
        {
            if (await reviews.IsAllowedToAsync(account, new NeededPermission("create", KubeVirtKinds.DataVolume, from, "source"), cancellationToken)
                || await reviews.IsAllowedToAsync(account, new NeededPermission("create", KubernetesKinds.Pod, from), cancellationToken))
            {
                return true;
            }
        }
        catch (KubernetesApiException e) when (e.Reason is ApiErrorReason.Forbidden)
        {
            return true; // the agent may not ask; KubeVirt does, before it clones anything
        }
        await ThrowIfAllIsDeniedAsync(ns, cancellationToken);
        return false;
    }

    private async Task<(DataSourceClaim? Claim, string Why)> ClaimOfAsync(NamespacedName source, string ns, CancellationToken cancellationToken)
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
            if (await reviews.IsAllowedAsync(new NeededPermission("get", OfferedKinds.DataSource, source.Namespace, Name: source.Name), cancellationToken)) throw DeniedForNow();
            await ThrowIfAllIsDeniedAsync(ns, cancellationToken);
            return (null, $"cannot be read: {e.Message}");
        }
    }
}
