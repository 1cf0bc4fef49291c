using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Operations;
using OvimSpokeAgent.Validation;

namespace OvimSpokeAgent.Templates;

/// <summary>
/// The form in which templates are stored: parts of at most 512 KiB, a template a line, each in a ConfigMap that is named by a hash of
/// what it holds and cannot be changed; and a head that says which parts count. Pure.
/// </summary>
/// <param name="Name">Of its ConfigMap.</param>
/// <param name="Text">What it holds.</param>
internal sealed record TemplatePart(string Name, string Text)
{
    /// <summary>How many there are at most: twice what can be stored, and more. People can give anything these marks.</summary>
    public const int MaxParts = 64;

    /// <summary>The head's ConfigMap.</summary>
    public const string HeadName = "ovim-templates";

    /// <summary>Selects what is the store's.</summary>
    public const string Selector = $"{WellKnownNames.TemplateStoreLabel} in ({Head},{Part})";

    private const string Prefix = HeadName + "-";
    private const string Head = "head";
    private const string Part = "part";
    private const string TemplatesField = "templates";
    private const string PartsField = "parts";
    private const string CountField = "count";
    private const string LostField = "lost";
    private const int MaxLost = 8;
    private const int MaxLostLength = 300;
    private const int MaxBytes = 512 << 10;
    private const int HashBytes = 16;

    /// <summary>All parts of a set.</summary>
    public static IReadOnlyList<TemplatePart> Of(TemplateSet templates)
    {
        var parts = new List<TemplatePart>();
        var text = new StringBuilder();
        foreach (var template in templates.All)
        {
            if (text.Length > 0 && text.Length + 1 + template.Json.Length > MaxBytes) Close();
            if (text.Length > 0) text.Append('\n');
            text.Append(Encoding.UTF8.GetString(template.Json.Span)); // ASCII
        }
        if (text.Length > 0) Close();
        return parts;

        void Close()
        {
            parts.Add(new TemplatePart(NameOf(text.ToString()), text.ToString()));
            text.Clear();
        }
    }

    /// <summary>Whether a ConfigMap is the store's, by its marks.</summary>
    public static bool IsOwn(ObjectMetadata metadata) =>
        metadata.Label(WellKnownNames.ManagedByLabel) == WellKnownNames.Agent
        && metadata.Label(WellKnownNames.TemplateStoreLabel) is Head or Part
        && (metadata.Name == HeadName || metadata.Name.StartsWith(Prefix, StringComparison.Ordinal));

    /// <summary>The templates of a part; null: it does not hold what was stored in it.</summary>
    public static IReadOnlyList<Template>? Read(ConfigMapObject part)
    {
        if (part.Data is null || !part.Data.TryGetValue(TemplatesField, out var text) || NameOf(text) != part.Metadata.Name) return null;
        var templates = new List<Template>();
        foreach (var line in text.Split('\n'))
        {
            // Written by an agent, since the hash is right: what it stored was judged.
            if (TryParse(line) is not { } json || Template.NameOf(json) is not { } name) return null;
            templates.Add(new Template(name, Encoding.UTF8.GetBytes(line)));
        }
        return templates;
    }

    /// <summary>What a head says; null: it says nothing of the kind.</summary>
    public static StoredHead? ReadHead(ConfigMapObject head)
    {
        if (head.Data is null || !head.Data.TryGetValue(PartsField, out var parts) || !head.Data.TryGetValue(CountField, out var count)
            || !int.TryParse(count, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
        {
            return null;
        }
        var names = parts.Split('\n', MaxParts + 1, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        return names.Length > MaxParts ? null : new StoredHead(names, number);
    }

    /// <summary>What a head says was lost before; people can write anything there.</summary>
    public static IReadOnlyList<string> ReadLost(ConfigMapObject head) =>
        head.Data is not null && head.Data.TryGetValue(LostField, out var lost) ? Bounded(lost.Split('\n', MaxLost + 1)) : [];

    /// <summary>The part's ConfigMap.</summary>
    public JsonObject ToConfigMap(string ns)
    {
        var map = ConfigMap(ns, Name, Part, new JsonObject { [TemplatesField] = Text });
        map["immutable"] = true;
        return map;
    }

    /// <summary>The head's ConfigMap.</summary>
    /// <param name="ns">Its namespace.</param>
    /// <param name="parts">The parts that count.</param>
    /// <param name="count">How many templates are in them.</param>
    /// <param name="lost">What was lost and has not come again since.</param>
    public static JsonObject ToHead(string ns, IReadOnlyList<TemplatePart> parts, int count, IReadOnlyList<string> lost) => ConfigMap(
        ns,
        HeadName,
        Head,
        new JsonObject
        {
            [PartsField] = string.Join('\n', parts.Select(part => part.Name)),
            [CountField] = count.ToString(CultureInfo.InvariantCulture),
            // Also where it is empty: left out of an apply, what was created before would stay.
            [LostField] = string.Join('\n', Bounded(lost)),
        });

    private static IReadOnlyList<string> Bounded(IEnumerable<string> lost) =>
        [.. lost.Select(one => JsonText.Shorten(one, MaxLostLength)).Where(one => one.Length > 0).Distinct().Take(MaxLost)];

    private static JsonObject ConfigMap(string ns, string name, string role, JsonObject data) => new()
    {
        ["apiVersion"] = KubernetesKinds.ConfigMap.ApiVersion,
        ["kind"] = KubernetesKinds.ConfigMap.Kind,
        ["metadata"] = new JsonObject
        {
            ["name"] = name,
            ["namespace"] = ns,
            ["labels"] = new JsonObject
            {
                [WellKnownNames.ManagedByLabel] = WellKnownNames.Agent,
                [WellKnownNames.TemplateStoreLabel] = role,
            },
        },
        ["data"] = data,
    };

    private static JsonElement? TryParse(string line)
    {
        try
        {
            return OperationJson.Parse(Encoding.UTF8.GetBytes(line));
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static string NameOf(string text) =>
        Prefix + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)).AsSpan(0, HashBytes));
}

/// <summary>What a head says.</summary>
/// <param name="Parts">The names of the parts that count.</param>
/// <param name="Count">How many templates are in them.</param>
internal sealed record StoredHead(IReadOnlyList<string> Parts, int Count);
