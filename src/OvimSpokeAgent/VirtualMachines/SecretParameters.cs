using System.Text.Json;
using OvimSpokeAgent.Validation;

namespace OvimSpokeAgent.VirtualMachines;

/// <summary>
/// The values of a template's parameters that are secret (field <c>secret_parameters</c>): the template has put them into any of its
/// texts, so that no field's name tells where they are. Pure.
/// </summary>
internal static class SecretParameters
{
    /// <summary>The field that has them; a template's counts before the payload's own.</summary>
    public const string Field = "secret_parameters";

    // Shorter ones are parts of any text; no secret is.
    private const int MinHiddenLength = 4;

    /// <summary>Those of a payload.</summary>
    public static IReadOnlyList<string> In(JsonElement payload)
    {
        if (payload.ValueKind is not JsonValueKind.Object || !JsonText.TryGetProperty(payload, Field, out var all) || all.ValueKind is not JsonValueKind.Object) return [];
        var values = new List<string>();
        foreach (var (_, value) in CanonicalJson.Members(all))
        {
            if (JsonText.TryGetString(value, out var text) && text.Length > 0) values.Add(text);
        }
        return values;
    }

    /// <summary>A text without them; the longest first, since one may be a part of another.</summary>
    public static string Hide(string text, IEnumerable<string> values) => values.Where(value => value.Length >= MinHiddenLength)
        .OrderByDescending(value => value.Length).Aggregate(text, (shown, value) => shown.Replace(value, "(not shown)", StringComparison.Ordinal));
}
