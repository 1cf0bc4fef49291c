using System.Text.Json;
using OvimSpokeAgent.Contract;
using OvimSpokeAgent.VirtualMachines;

namespace OvimSpokeAgent.Templates;

/// <summary>The templates together with what this cluster has of what they need.</summary>
internal sealed class TemplateSource(TemplateCache cache, ClusterOffer offer) : ITemplateSource
{
    public Task<(TemplateContent? Template, string? Refusal)> FindAsync(string name, CancellationToken cancellationToken) =>
        cache.FindAsync(name, cancellationToken);

    public Task<IReadOnlyList<string>> MissingAsync(JsonElement fields, string ns, CancellationToken cancellationToken) =>
        offer.MissingNowAsync(TemplateNeeds.Of(fields), ns, cancellationToken);

    /// <summary>Those from which no VM can be made on this cluster as they are, with the reason, by name; as the caches know it now.</summary>
    public IReadOnlyList<TemplateProblem> Unusable() =>
    [
        .. offer.MissingOfEach(cache.Known)
            .Where(one => one.Missing.Count > 0)
            .Select(one => new TemplateProblem(one.Template.Name, string.Join("; ", one.Missing))),
    ];

    /// <summary>As <see cref="Unusable"/>; after a start it waits a while for the caches.</summary>
    public async Task<IReadOnlyList<TemplateProblem>> UnusableNowAsync(CancellationToken cancellationToken)
    {
        await offer.WaitForFirstAnswersAsync(cancellationToken);
        return Unusable();
    }
}
