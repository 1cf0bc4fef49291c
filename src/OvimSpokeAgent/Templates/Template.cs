using System.Text.Json;
using OvimSpokeAgent.Operations;
using OvimSpokeAgent.Validation;
using OvimSpokeAgent.VirtualMachines;

namespace OvimSpokeAgent.Templates;

/// <summary>A template that is well formed: a name, and fields of <c>create_vm</c> that can be read.</summary>
/// <param name="Name">A label value, not empty; VMs made from it carry it.</param>
/// <param name="Json">All of it, as canonical JSON.</param>
internal sealed record Template(string Name, ReadOnlyMemory<byte> Json)
{
    /// <summary>The largest one, as canonical JSON.</summary>
    public const int MaxBytes = 32 << 10;

    private const string NameRule = "a name of 1 to 63 letters, digits, '-', '_' and '.', beginning and ending with a letter or digit";

    private TemplateNeeds? _needs;

    /// <summary>What it needs of the cluster.</summary>
    public TemplateNeeds Needs => _needs ??= TemplateNeeds.Of(Content);

    /// <summary>It as an object.</summary>
    public JsonElement Content => OperationJson.Parse(Json.Span);

    /// <summary>For people; null: it has none.</summary>
    public string? DisplayName => JsonText.TryGetProperty(Content, "display_name", out var value) && JsonText.TryGetString(value, out var text) && text.Length > 0
        ? JsonText.Shorten(text) : null;

    public bool Equals(Template? other) => other is not null && Name == other.Name && Json.Span.SequenceEqual(other.Json.Span);

    public override int GetHashCode() => Name.GetHashCode(StringComparison.Ordinal);

    /// <summary>The name of what may be a template, where it has one that it could be stored under.</summary>
    public static string? NameOf(JsonElement item) =>
        item.ValueKind is JsonValueKind.Object && JsonText.TryGetProperty(item, "name", out var value)
        && JsonText.TryGetString(value, out var name) && IsName(name) ? name : null;

    /// <summary>Reads what someone sent; null, and why, where it is no template.</summary>
    public static (Template? Template, string? Problem) Read(JsonElement item)
    {
        if (item.ValueKind is not JsonValueKind.Object) return (null, $"{JsonText.Describe(item)} is not an object");
        var json = CanonicalJson.Of(item);
        if (json.Length > MaxBytes) return (null, $"{json.Length} bytes are too many, expected at most {MaxBytes}");
        var reader = new PayloadReader(item);
        var name = reader.RequiredString("name");
        if (name.Length > 0 && !IsName(name)) reader.Reject("name", name, NameRule);
        foreach (var field in (string[])["display_name", "description", "os_type", "os_version"]) reader.OptionalString(field);
        reader.OptionalObject("metadata");
        IReadOnlyList<string> errors = [.. reader.Errors, .. TemplateCheck.Problems(item)];
        return errors.Count == 0 ? (new Template(name, json), null) : (null, string.Join("; ", errors));
    }

    private static bool IsName(string name) => name.Length > 0 && KubernetesNames.IsLabelValue(name);
}
