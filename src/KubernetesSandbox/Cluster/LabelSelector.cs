using System.Text.Json.Nodes;

namespace KubernetesSandbox.Cluster;

/// <summary>A label selector as it stands in a URL: <c>a=b,c!=d,e in (f,g),h notin (i),j,!k</c>.</summary>
internal sealed class LabelSelector
{
    private readonly List<Requirement> _requirements;

    private LabelSelector(List<Requirement> requirements) => _requirements = requirements;

    private enum Operator
    {
        In,
        NotIn,
        Exists,
        DoesNotExist,
    }

    public static LabelSelector Everything { get; } = new([]);

    /// <exception cref="ApiException">400: not in this form.</exception>
    public static LabelSelector Parse(string? text) =>
        string.IsNullOrWhiteSpace(text) ? Everything : new(new Parser(text).Requirements());

    /// <summary>A selector as it stands in an object: <c>matchLabels</c> and <c>matchExpressions</c>.</summary>
    public static LabelSelector Of(JsonObject selector) => new(
    [
        .. (selector.Map("matchLabels") ?? []).Select(pair => new Requirement(pair.Key, Operator.In, [pair.Value.Text() ?? ""])),
        .. selector.Objects("matchExpressions").Select(expression => new Requirement(
            expression.Text("key") ?? "",
            Enum.TryParse<Operator>(expression.Text("operator"), out var sign) ? sign : Operator.In,
            [.. expression.Items("values").Texts()])),
    ]);

    public bool Matches(JsonObject content)
    {
        if (_requirements.Count == 0) return true;
        var labels = content.Map("metadata", "labels");
        return _requirements.TrueForAll(requirement => requirement.Matches(labels.Text(requirement.Label)));
    }

    private sealed record Requirement(string Label, Operator Operator, IReadOnlyList<string> Values)
    {
        public bool Matches(string? value) => Operator switch
        {
            Operator.Exists => value is not null,
            Operator.DoesNotExist => value is null,
            Operator.In => value is not null && Values.Contains(value),
            _ => value is null || !Values.Contains(value),
        };
    }

    private sealed class Parser(string text)
    {
        private const string Expected = "expected: '=', '!=', '==', 'in', notin'";

        private readonly Queue<string> _tokens = Tokens(text);

        public List<Requirement> Requirements()
        {
            var requirements = new List<Requirement> { Next() };
            while (_tokens.TryDequeue(out var token))
            {
                if (token != ",") throw Fail($"found '{token}', expected: ',' or 'end of string'");
                requirements.Add(Next());
            }
            return requirements;
        }

        private Requirement Next()
        {
            var label = Word();
            if (label == "!") return new(Word(), Operator.DoesNotExist, []);
            if (!_tokens.TryPeek(out var sign) || sign == ",") return new(label, Operator.Exists, []);
            _tokens.Dequeue();
            return sign switch
            {
                "=" or "==" => new(label, Operator.In, [Value()]),
                "!=" => new(label, Operator.NotIn, [Value()]),
                "in" => new(label, Operator.In, Values()),
                "notin" => new(label, Operator.NotIn, Values()),
                _ => throw Fail($"found '{sign}', {Expected}"),
            };
        }

        private string Word()
        {
            if (!_tokens.TryDequeue(out var word) || word is "," or "=" or "==" or "!=" or "(" or ")")
                throw Fail($"found '{word}', expected: identifier");
            return word;
        }

        // The value behind an equals sign may be empty.
        private string Value() => _tokens.TryPeek(out var next) && next != "," ? Word() : "";

        private List<string> Values()
        {
            var values = new List<string>();
            if (!_tokens.TryDequeue(out var open) || open != "(") throw Fail($"found '{open}', expected: '('");
            while (true)
            {
                if (!_tokens.TryDequeue(out var token)) throw Fail("found '', expected: ',' or ')'");
                if (token == ")") return values;
                if (token != ",") values.Add(token);
            }
        }

        private static Queue<string> Tokens(string text)
        {
            var tokens = new Queue<string>();
            var at = 0;
            while (at < text.Length)
            {
                var start = at;
                if (char.IsWhiteSpace(text[at]))
                {
                    at++;
                    continue;
                }
                if (text[at] is '=' or '!')
                {
                    at++;
                    if (at < text.Length && text[at] == '=') at++;
                }
                else if (text[at] is ',' or '(' or ')')
                {
                    at++;
                }
                else
                {
                    while (at < text.Length && text[at] is not ('=' or '!' or ',' or '(' or ')') && !char.IsWhiteSpace(text[at])) at++;
                }
                tokens.Enqueue(text[start..at]);
            }
            return tokens;
        }

        private static ApiException Fail(string problem) => ApiErrors.BadRequest($"unable to parse requirement: {problem}");
    }
}
