using System.Text.Json;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Contract;
using OvimSpokeAgent.Operations;
using OvimSpokeAgent.Validation;
using OvimSpokeAgent.VirtualMachines;

namespace OvimSpokeAgent.Templates;

/// <summary>
/// Templates that the cluster has beside those of the hub, read only: OpenShift's, and KubeVirt's instancetypes and preferences of
/// the cluster (not of namespaces, which tenants write). Named by their names (the first of an OpenShift Template, an instancetype, a
/// preference counts), as <c>openshift/NAME</c>, or as <c>INSTANCETYPE+PREFERENCE</c>.
/// </summary>
internal sealed class ClusterTemplates(
    OpenShiftTemplates openShift,
    ClusterOffer offer,
    WatchCache<ClusterInstancetypeObject, InstancetypeItem> instancetypes,
    WatchCache<AnyObject, ClusterPreferenceItem> preferences)
{
    public const string OpenShiftSource = "openshift";
    public const string InstancetypeSource = "instancetype";
    public const string PreferenceSource = "preference";

    private const string OpenShiftPrefix = OpenShiftTemplateItem.Namespace + "/";
    private const char Plus = '+';

    /// <summary>How many there are, for people; null: none.</summary>
    public string? Summary()
    {
        var (templates, types, others) = (openShift.Cache.Count, instancetypes.Count, preferences.Count);
        return templates + types + others == 0 ? null
            : $"of the cluster's own: OpenShift Templates {templates}, instancetypes {types}, preferences {others}";
    }

    /// <summary>Looks one up; neither template nor refusal: there is none of this name.</summary>
    /// <exception cref="KubernetesApiException">It cannot be read now.</exception>
    public async Task<(TemplateContent? Template, string? Refusal)> FindAsync(string name, JsonElement payload, CancellationToken cancellationToken)
    {
        await offer.WaitForFirstAnswersAsync(cancellationToken);
        if (name.StartsWith(OpenShiftPrefix, StringComparison.Ordinal)) return await openShift.FindAsync(name[OpenShiftPrefix.Length..], payload, cancellationToken);
        if (name.Split(Plus) is [var type, var preference])
            return Has(instancetypes, type) && Has(preferences, preference) ? (Of(name, type, preference), null) : (null, null);
        if (await openShift.FindAsync(name, payload, cancellationToken) is var found && (found.Template is not null || found.Refusal is not null)) return found;
        return Has(instancetypes, name) ? (Of(name, name, null), null) : Has(preferences, name) ? (Of(name, null, name), null) : (null, null);
    }

    /// <summary>All of them; of instancetypes and preferences each alone.</summary>
    public IEnumerable<ListedTemplate> All()
    {
        foreach (var item in openShift.All)
        {
            var missing = offer.Missing(item.Needs, null);
            yield return new ListedTemplate
            {
                Name = item.Name,
                Source = OpenShiftSource,
                ReadOnly = true,
                DisplayName = item.DisplayName,
                Reason = item.Problem ?? (missing.Count > 0 ? string.Join("; ", missing) : null),
                Parameters = item.Required.Count > 0 ? item.Required : null,
            };
        }
        foreach (var name in Names(instancetypes.Names)) yield return new ListedTemplate { Name = name, Source = InstancetypeSource, ReadOnly = true };
        foreach (var name in Names(preferences.Names)) yield return new ListedTemplate { Name = name, Source = PreferenceSource, ReadOnly = true };
    }

    private static IEnumerable<string> Names(ICollection<NamespacedName> names) => names.Select(name => name.Name).Order(StringComparer.Ordinal);

    private static bool Has<TObject, TItem>(WatchCache<TObject, TItem> cache, string name)
        where TObject : class, IKubernetesObject
        where TItem : class =>
        cache.Get(NamespacedName.ClusterScoped(name)) is not null;

    private static TemplateContent Of(string name, string? instancetype, string? preference)
    {
        var fields = new SortedDictionary<string, JsonElement>(StringComparer.Ordinal);
        if (instancetype is not null) fields[InstancetypeSource] = JsonText.ToElement(instancetype);
        if (preference is not null) fields[PreferenceSource] = JsonText.ToElement(preference);
        return new TemplateContent(name, OperationJson.Parse(CanonicalJson.Of(fields)));
    }
}
