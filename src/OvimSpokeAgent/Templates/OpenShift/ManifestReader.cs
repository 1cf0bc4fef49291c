using System.Text.Json;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Validation;

namespace OvimSpokeAgent.Templates;

/// <summary>
/// Reads an object of a manifest field by field, and knows at the end what nobody asked for: nothing is left out in silence. Messages
/// name places, never values.
/// </summary>
internal sealed class ManifestReader
{
    private const string NoWord = "create_vm has no word for it";

    private readonly JsonElement _value;
    private readonly string _path;
    private readonly List<string> _problems;
    private readonly HashSet<string> _taken = new(StringComparer.Ordinal);
    private readonly List<ManifestReader> _parts = [];
    private bool _isRefused;

    public ManifestReader(JsonElement value, string path, List<string> problems)
    {
        (_value, _path, _problems) = (value, path, problems);
        if (value.ValueKind is JsonValueKind.Object) return;
        if (value.ValueKind is not (JsonValueKind.Undefined or JsonValueKind.Null)) Refuse("", $"{JsonText.Describe(value)} is not an object");
        _value = JsonText.EmptyObject;
    }

    /// <summary>Whether a field is there, and no <c>null</c>; an empty object or array is there.</summary>
    public bool Has(string name) => JsonText.TryGetProperty(_value, name, out var value) && value.ValueKind is not JsonValueKind.Null;

    /// <summary>A field's value as it is; undefined: there is none.</summary>
    public JsonElement Take(string name)
    {
        _taken.Add(name);
        return JsonText.TryGetProperty(_value, name, out var value) && value.ValueKind is not JsonValueKind.Null ? value : default;
    }

    /// <summary>Labels or annotations that are left out: refused where there are others than Kubernetes' and KubeVirt's.</summary>
    public void TakeReservedMap(string name)
    {
        var map = Take(name);
        if (map.ValueKind is JsonValueKind.Object && CanonicalJson.Members(map).Keys.Any(key => !WellKnownNames.IsReserved(key))) Refuse(name, NoWord);
    }

    /// <summary>A text; null: there is none.</summary>
    public string? Text(string name)
    {
        var value = Take(name);
        if (value.ValueKind is JsonValueKind.Undefined) return null;
        if (JsonText.TryGetString(value, out var text)) return text;
        Refuse(name, $"{JsonText.Describe(value)} is not a string");
        return null;
    }

    /// <summary>A whole number; null: there is none.</summary>
    public int? Number(string name)
    {
        var value = Take(name);
        if (value.ValueKind is JsonValueKind.Undefined) return null;
        if (value.ValueKind is JsonValueKind.Number && value.TryGetInt32(out var number)) return number;
        Refuse(name, $"{JsonText.Describe(value)} is not a whole number");
        return null;
    }

    /// <summary>true or false; null: there is none.</summary>
    public bool? Bool(string name)
    {
        var value = Take(name);
        if (value.ValueKind is JsonValueKind.Undefined) return null;
        if (value.ValueKind is JsonValueKind.True or JsonValueKind.False) return value.GetBoolean();
        Refuse(name, $"{JsonText.Describe(value)} is not true or false");
        return null;
    }

    /// <summary>An object in it; an empty one where there is none.</summary>
    public ManifestReader Section(string name) => Part(Take(name), Place(name));

    /// <summary>The objects of an array in it.</summary>
    public IReadOnlyList<ManifestReader> Items(string name)
    {
        var value = Take(name);
        if (value.ValueKind is JsonValueKind.Array) return [.. value.EnumerateArray().Index().Select(item => Part(item.Item, $"{Place(name)}[{item.Index}]"))];
        if (value.ValueKind is not JsonValueKind.Undefined) Refuse(name, $"{JsonText.Describe(value)} is not an array");
        return [];
    }

    /// <summary>Says why a field cannot be used; empty: why all of it cannot.</summary>
    public void Refuse(string name, string why)
    {
        _problems.Add($"{Place(name)}: {why}");
        _isRefused |= name.Length == 0;
    }

    /// <summary>Refuses what nobody asked for, here and in its parts.</summary>
    public void RefuseTheRest()
    {
        if (_isRefused) return;
        foreach (var (name, value) in CanonicalJson.Members(_value))
        {
            if (!_taken.Contains(name) && !SaysNothing(value)) Refuse(JsonText.Shorten(name), NoWord);
        }
        foreach (var part in _parts) part.RefuseTheRest();
    }

    // An empty object says something: devices and choices are on by being there ("tpm": {}).
    private static bool SaysNothing(JsonElement value) => value.ValueKind is not JsonValueKind.Object && JsonText.IsEmpty(value);

    private string Place(string name) => name.Length == 0 ? _path : $"{_path}.{name}";

    private ManifestReader Part(JsonElement value, string path)
    {
        var part = new ManifestReader(value, path, _problems);
        _parts.Add(part);
        return part;
    }
}
