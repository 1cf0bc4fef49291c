using System.Text.Json;
using OvimSpokeAgent.Contract;
using OvimSpokeAgent.Validation;
using OvimSpokeAgent.VirtualMachines;

namespace OvimSpokeAgent.Templates;

/// <summary>The templates together with what this cluster has of what they need.</summary>
internal sealed class TemplateSource(TemplateCache cache, ClusterOffer offer, ClusterTemplates clusterTemplates) : ITemplateSource
{
    private const string HubSource = "hub";
    private const int MaxReported = 20;
    private const int MaxReasonLength = 300;

    // Of one name the hub's counts: what the cluster brings must not change what the hub's users get.
    public async Task<(TemplateContent? Template, string? Refusal)> FindAsync(string name, JsonElement payload, CancellationToken cancellationToken)
    {
        var own = await cache.FindAsync(name, cancellationToken);
        if (own.Template is not null) return own;
        var found = await clusterTemplates.FindAsync(name, payload, cancellationToken);
        return found is (null, null) ? own : found;
    }

    /// <summary>Those of the hub by name, then those of the cluster.</summary>
    /// <exception cref="Cluster.KubernetesApiException">Those of the hub cannot be read now.</exception>
    public async Task<IReadOnlyList<ListedTemplate>> ListAsync(CancellationToken cancellationToken)
    {
        var own = await cache.GetAsync(cancellationToken);
        await offer.WaitForFirstAnswersAsync(cancellationToken);
        return List(own.All);
    }

    /// <summary>As <see cref="ListAsync"/>, as the caches know them now.</summary>
    public IReadOnlyList<ListedTemplate> Known() => List(cache.Known);

    private List<ListedTemplate> List(IEnumerable<Template> own) =>
    [
        .. offer.MissingOfEach(own).Select(one => new ListedTemplate
        {
            Name = one.Template.Name,
            Source = HubSource,
            ReadOnly = false,
            DisplayName = one.Template.DisplayName,
            Reason = one.Missing.Count > 0 ? string.Join("; ", one.Missing) : null,
        }),
        .. clusterTemplates.All(),
    ];

    /// <summary>How many the cluster has itself, for people; null: none.</summary>
    public string? OfCluster => clusterTemplates.Summary();

    public Task<IReadOnlyList<string>> MissingAsync(JsonElement fields, string ns, CancellationToken cancellationToken) =>
        offer.MissingNowAsync(TemplateNeeds.Of(fields), ns, cancellationToken);

    /// <summary>Those from which no VM can be made on this cluster as they are, with the reason, by name; as the caches know it now.</summary>
    public IReadOnlyList<TemplateProblem> Unusable() =>
    [
        .. offer.MissingOfEach(cache.Known)
            .Where(one => one.Missing.Count > 0)
            .Select(one => new TemplateProblem(one.Template.Name, string.Join("; ", one.Missing))),
    ];

    /// <summary>As <see cref="Unusable"/>, as many as a report has room for; of more, how many.</summary>
    public IReadOnlyList<TemplateProblem> UnusableForReport()
    {
        var all = Unusable();
        List<TemplateProblem> told = [.. all.Take(MaxReported).Select(problem => problem with { Reason = JsonText.Shorten(problem.Reason, MaxReasonLength) })];
        if (told.Count < all.Count) told.Add(new TemplateProblem("…", $"and {all.Count - told.Count} more that are not told"));
        return told;
    }

    /// <summary>As <see cref="Unusable"/>; after a start it waits a while for the caches.</summary>
    public async Task<IReadOnlyList<TemplateProblem>> UnusableNowAsync(CancellationToken cancellationToken)
    {
        await offer.WaitForFirstAnswersAsync(cancellationToken);
        return Unusable();
    }
}
