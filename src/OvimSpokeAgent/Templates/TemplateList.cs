using System.Text.Json;
using OvimSpokeAgent.Contract;
using OvimSpokeAgent.Validation;

namespace OvimSpokeAgent.Templates;

/// <summary>
/// What becomes of the templates that are there when a list of others comes: those of the list that are well formed, and of the
/// names whose new one is not, the one from before. Pure.
/// </summary>
/// <param name="After">All there are then.</param>
/// <param name="Accepted">How many of the list are in it.</param>
/// <param name="Removed">How many there were that are not in it.</param>
/// <param name="Rejected">Those of the list that are not in it, with the reason.</param>
internal sealed record TemplateList(TemplateSet After, int Accepted, int Removed, IReadOnlyList<TemplateProblem> Rejected)
{
    /// <summary>How many templates there are at most.</summary>
    public const int MaxTemplates = 2000;

    /// <summary>How many a list may have that is looked at: one with more is refused as a whole.</summary>
    public const int MaxListed = 10_000;

    /// <summary>How large all together are at most, as canonical JSON.</summary>
    public const int MaxTotalBytes = 8 << 20;

    private const int MaxReasonLength = 500;

    /// <param name="list">An array.</param>
    /// <param name="before">What is there.</param>
    public static TemplateList Read(JsonElement list, TemplateSet before)
    {
        var reading = new Reading(before);
        foreach (var (index, item) in list.EnumerateArray().Index()) reading.Take(index, item);
        reading.KeepOlder();
        var after = new TemplateSet(reading.Kept);
        return new TemplateList(after, reading.Accepted, before.All.Count(old => after.Find(old.Name) is null), reading.Rejected);
    }

    private sealed class Reading(TemplateSet before)
    {
        private readonly Dictionary<string, int> _places = new(StringComparer.Ordinal);
        private readonly List<(string Name, int Rejection)> _older = [];
        private long _bytes;

        public List<Template> Kept { get; } = [];

        public int Accepted { get; private set; }

        public List<TemplateProblem> Rejected { get; } = [];

        public void Take(int index, JsonElement item)
        {
            var name = Template.NameOf(item);
            if (name is not null && _places.TryGetValue(name, out var first))
            {
                Reject(name, $"name: a second template of this name, at templates[{index}]; the one at templates[{first}] counts");
                return;
            }
            var (template, problem) = Template.Read(item);
            problem ??= WhyNoRoomFor(template!);
            if (problem is not null)
            {
                if (name is not null && before.Find(name) is not null) _older.Add((name, Rejected.Count));
                Reject(name ?? $"templates[{index}]", problem);
                return;
            }
            _places[template!.Name] = index;
            Keep(template);
            Accepted++;
        }

        // Once all of the list is known: a good one of the name may come later in it.
        public void KeepOlder()
        {
            foreach (var (name, rejection) in _older)
            {
                var old = before.Find(name)!;
                if (!_places.TryAdd(name, -1) || WhyNoRoomFor(old) is not null) continue;
                Keep(old);
                Rejected[rejection] = Rejected[rejection] with { Reason = $"{Rejected[rejection].Reason}; the one from before stays" };
            }
        }

        private void Keep(Template template)
        {
            Kept.Add(template);
            _bytes += template.Json.Length;
        }

        private string? WhyNoRoomFor(Template template) =>
            Kept.Count >= MaxTemplates ? $"there are {MaxTemplates} templates already, the most that are kept"
            : _bytes + template.Json.Length > MaxTotalBytes ? $"all templates together are over {MaxTotalBytes >> 20} MiB, the most that is kept"
            : null;

        private void Reject(string name, string reason) => Rejected.Add(new TemplateProblem(name, JsonText.Shorten(reason, MaxReasonLength)));
    }
}
