using OvimSpokeAgent.Templates;

namespace OvimSpokeAgent.LocalApi;

/// <summary>Reads <see cref="TemplatesDocument"/>: as the caches know them.</summary>
internal sealed class TemplatesSource(TemplateCache cache, TemplateSource source, TemplatePull pull)
{
    public TemplatesDocument Read(int most = InventorySource.MaxListed)
    {
        var all = source.Known();
        return new TemplatesDocument
        {
            Stored = cache.Count,
            Problem = cache.Problem,
            PullProblem = pull.Problem,
            Lost = [.. cache.Lost],
            Rejected = pull.Rejected,
            Count = all.Count,
            // What is wrong is what people look for.
            Templates = [.. all.OrderBy(template => template.Reason is null).Take(most)],
        };
    }
}
