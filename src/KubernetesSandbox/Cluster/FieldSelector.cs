using System.Text.Json.Nodes;

namespace KubernetesSandbox.Cluster;

/// <summary>A field selector as it stands in a URL: <c>a.b=c,d!=e</c>.</summary>
internal sealed class FieldSelector
{
    private readonly List<(string[] Path, string Value, bool IsEqual)> _terms;

    private FieldSelector(List<(string[] Path, string Value, bool IsEqual)> terms) => _terms = terms;

    /// <exception cref="ApiException">400: not in this form, or a field that the kind does not offer.</exception>
    public static FieldSelector Parse(string? text, ResourceKind kind)
    {
        var terms = new List<(string[], string, bool)>();
        foreach (var term in (text ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries))
        {
            var at = term.IndexOf('=', StringComparison.Ordinal);
            if (at <= 0) throw ApiErrors.BadRequest($"invalid selector: '{text}'; can't understand '{term}'");
            var differs = term[at - 1] == '!';
            var field = term[..(differs ? at - 1 : at)];
            var value = term[(at + 1)..].TrimStart('=');
            if (field is not ("metadata.name" or "metadata.namespace") && !kind.SelectableFields.Contains(field))
                throw ApiErrors.BadRequest($"field label not supported: {field}");
            terms.Add((PathOf(field), value, !differs));
        }
        return new(terms);
    }

    public bool Matches(JsonObject content) => _terms.TrueForAll(
        term => ((content.At(term.Path) is JsonValue value ? value.ToString() : "") == term.Value) == term.IsEqual);

    // The only selectable field that is called otherwise than it lies.
    private static string[] PathOf(string field) => field == "source" ? ["source", "component"] : field.Split('.');
}
