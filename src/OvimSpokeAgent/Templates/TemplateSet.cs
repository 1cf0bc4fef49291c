using System.Collections.Frozen;

namespace OvimSpokeAgent.Templates;

/// <summary>Templates by name; never changed, so that a reader sees all of one set.</summary>
internal sealed class TemplateSet
{
    public static readonly TemplateSet Empty = new([]);

    private readonly FrozenDictionary<string, Template> _templates;

    /// <param name="templates">Of one name the last counts.</param>
    public TemplateSet(IEnumerable<Template> templates)
    {
        var byName = new Dictionary<string, Template>(StringComparer.Ordinal);
        foreach (var template in templates) byName[template.Name] = template;
        _templates = byName.ToFrozenDictionary(StringComparer.Ordinal);
    }

    public int Count => _templates.Count;

    /// <summary>All, by name.</summary>
    public IEnumerable<Template> All => _templates.Values.OrderBy(template => template.Name, StringComparer.Ordinal);

    public Template? Find(string name) => _templates.GetValueOrDefault(name);

    /// <summary>Whether the other has the same templates.</summary>
    public bool IsSameAs(TemplateSet other) =>
        Count == other.Count && _templates.Values.All(template => template.Equals(other.Find(template.Name)));
}
