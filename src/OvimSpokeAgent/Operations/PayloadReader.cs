using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using OvimSpokeAgent.Cluster;

namespace OvimSpokeAgent.Operations;

/// <summary>
/// Reads a payload into typed values and collects everything that is wrong with it, each time with the field, the value
/// and what was expected. Absent, <c>null</c> and empty mean the same; unknown fields are ignored.
/// </summary>
internal sealed partial class PayloadReader
{
    private const int ShownValueLength = 80;

    private readonly JsonElement _payload;
    private readonly List<string> _errors = [];

    /// <param name="payload">The operation's payload; anything but an object is an error of its own.</param>
    public PayloadReader(JsonElement payload)
    {
        _payload = payload;
        if (payload.ValueKind is not JsonValueKind.Object) Reject("payload", payload, "an object");
    }

    /// <summary>What was wrong so far; empty: all that was read is valid.</summary>
    public IReadOnlyList<string> Errors => _errors;

    /// <summary>A string that must be there.</summary>
    public string RequiredString(params ReadOnlySpan<string> names)
    {
        var value = OptionalString(names);
        if (value is null && !IsRejected(names)) RejectMissing(names[0], "a string");
        return value ?? "";
    }

    /// <summary>The string under the first of these names that has one; null if none has.</summary>
    public string? OptionalString(params ReadOnlySpan<string> names)
    {
        if (!TryFind(names, out var name, out var value)) return null;
        if (value.ValueKind is JsonValueKind.String) return value.GetString();
        Reject(name, value, "a string");
        return null;
    }

    /// <summary>A name of a namespaced object and a namespace, both required.</summary>
    /// <param name="nameField">Field of the name; at most 63 characters, a DNS subdomain.</param>
    /// <param name="namespaceField">Field of the namespace; a DNS label.</param>
    public NamespacedName RequiredNamespacedName(string nameField = "name", string namespaceField = "namespace") =>
        new(RequiredDnsLabel(namespaceField), RequiredDnsSubdomain(nameField));

    /// <summary>A DNS label (RFC 1123): lower-case letters, digits and '-', at most 63 characters.</summary>
    public string RequiredDnsLabel(string field)
    {
        var value = RequiredString(field);
        if (value.Length > 0 && !IsDnsLabel(value))
            Reject(field, value, "a DNS label (lower-case letters, digits and '-', at most 63 characters)");
        return value;
    }

    /// <summary>As <see cref="RequiredDnsLabel"/>, but may be absent.</summary>
    public string? OptionalDnsLabel(string field)
    {
        var value = OptionalString(field);
        if (value is not null && !IsDnsLabel(value))
            Reject(field, value, "a DNS label (lower-case letters, digits and '-', at most 63 characters)");
        return value;
    }

    /// <summary>A DNS subdomain that also fits into a label value: at most 63 characters.</summary>
    public string RequiredDnsSubdomain(string field)
    {
        var value = RequiredString(field);
        if (value.Length > 0 && (value.Length > 63 || !DnsSubdomain().IsMatch(value)))
            Reject(field, value, "a DNS subdomain (lower-case letters, digits, '-' and '.', at most 63 characters)");
        return value;
    }

    /// <summary>A positive quantity: a quantity string, or a bare number of <paramref name="unit"/>.</summary>
    /// <param name="unit">What a bare number counts: empty for cores, <c>Gi</c> for memory and storage.</param>
    /// <param name="names">The field and its other names.</param>
    public Quantity? OptionalQuantity(string unit, params ReadOnlySpan<string> names)
    {
        if (!TryFind(names, out var name, out var value)) return null;
        var expected = unit.Length == 0
            ? "a positive number of cores or a quantity string such as \"2\" or \"500m\""
            : $"a positive number of {unit}B or a quantity string such as \"4{unit}\"";
        switch (value.ValueKind)
        {
            case JsonValueKind.Number when value.TryGetDecimal(out var number) && number > 0:
                return Quantity.OfUnit(number, unit);
            case JsonValueKind.String when Quantity.TryParse(value.GetString(), out var quantity) && quantity.Value > 0:
                return quantity;
            default:
                Reject(name, value, expected);
                return null;
        }
    }

    /// <summary>true or false; null when absent.</summary>
    public bool? OptionalBool(string field)
    {
        if (!TryFind([field], out var name, out var value)) return null;
        if (value.ValueKind is JsonValueKind.True or JsonValueKind.False) return value.GetBoolean();
        Reject(name, value, "true or false");
        return null;
    }

    /// <summary>A whole number in a range; null when absent.</summary>
    public int? OptionalInt(string field, int min, int max)
    {
        if (!TryFind([field], out var name, out var value)) return null;
        if (value.ValueKind is JsonValueKind.Number && value.TryGetInt32(out var number) && number >= min && number <= max)
            return number;
        Reject(name, value, string.Create(CultureInfo.InvariantCulture, $"a whole number from {min} to {max}"));
        return null;
    }

    /// <summary>An array of strings; empty when absent.</summary>
    public IReadOnlyList<string> StringList(string field)
    {
        if (!TryFind([field], out var name, out var value)) return [];
        if (value.ValueKind is not JsonValueKind.Array)
        {
            Reject(name, value, "an array of strings");
            return [];
        }
        var items = new List<string>();
        foreach (var (index, item) in value.EnumerateArray().Index())
        {
            if (item.ValueKind is JsonValueKind.String) items.Add(item.GetString()!);
            else Reject($"{name}[{index}]", item, "a string");
        }
        return items;
    }

    /// <summary>Labels, checked by Kubernetes' rules; the agent's and KubeVirt's own prefixes are refused.</summary>
    public IReadOnlyDictionary<string, string> Labels(string field = "labels") =>
        StringMap(field, (key, value) =>
            value.Length <= 63 && (value.Length == 0 || QualifiedNamePart().IsMatch(value))
                ? null
                : "a label value (letters, digits, '-', '_' and '.', at most 63 characters)");

    /// <summary>Annotations; the agent's and KubeVirt's own prefixes are refused.</summary>
    public IReadOnlyDictionary<string, string> Annotations(string field = "annotations") =>
        StringMap(field, (_, _) => null);

    /// <summary>Adds an error found by the caller.</summary>
    public void Reject(string field, string value, string expected) => _errors.Add($"{field}: {Show(value)} is not {expected}");

    private void Reject(string field, JsonElement value, string expected) =>
        _errors.Add($"{field}: {Shorten(value.ValueKind is JsonValueKind.Undefined ? "nothing" : RawText(value))} is not {expected}");

    /// <summary>Adds the error of a field that must be there and is not.</summary>
    public void RejectMissing(string field, string expected) => _errors.Add($"{field}: missing, expected {expected}");

    /// <summary>Whether a string is a DNS label by RFC 1123.</summary>
    public static bool IsDnsLabel(string value) => value.Length <= 63 && DnsLabel().IsMatch(value);

    private Dictionary<string, string> StringMap(string field, Func<string, string, string?> expectedOfValue)
    {
        var map = new Dictionary<string, string>();
        if (!TryFind([field], out var name, out var element)) return map;
        if (element.ValueKind is not JsonValueKind.Object)
        {
            Reject(name, element, "an object of strings");
            return map;
        }
        foreach (var property in element.EnumerateObject())
        {
            var at = $"{name}[{Show(property.Name)}]";
            if (property.Value.ValueKind is not JsonValueKind.String) Reject(at, property.Value, "a string");
            else if (!IsQualifiedName(property.Name))
                Reject(at, property.Name, "a qualified name ([prefix/]name of letters, digits, '-', '_' and '.')");
            else if (Names.ReservedPrefixes.Any(prefix => property.Name.StartsWith(prefix, StringComparison.Ordinal)))
                Reject(at, property.Name, $"allowed here: the prefixes {string.Join(", ", Names.ReservedPrefixes)} are reserved");
            else if (expectedOfValue(property.Name, property.Value.GetString()!) is { } expected)
                Reject(at, property.Value, expected);
            else map[property.Name] = property.Value.GetString()!;
        }
        return map;
    }

    private static bool IsQualifiedName(string key)
    {
        var slash = key.IndexOf('/', StringComparison.Ordinal);
        var (prefix, name) = slash < 0 ? (null, key) : (key[..slash], key[(slash + 1)..]);
        return name.Length <= 63 && QualifiedNamePart().IsMatch(name)
            && (prefix is null || (prefix.Length <= 253 && DnsSubdomain().IsMatch(prefix)));
    }

    private bool TryFind(ReadOnlySpan<string> names, out string name, out JsonElement value)
    {
        name = names[0];
        value = default;
        if (_payload.ValueKind is not JsonValueKind.Object) return false;
        foreach (var candidate in names)
        {
            if (!_payload.TryGetProperty(candidate, out value) || IsEmpty(value)) continue;
            name = candidate;
            return true;
        }
        return false;
    }

    private bool IsRejected(ReadOnlySpan<string> names)
    {
        foreach (var name in names)
        {
            if (_errors.Exists(error => error.StartsWith(name + ":", StringComparison.Ordinal))) return true;
        }
        return _payload.ValueKind is not JsonValueKind.Object;
    }

    // Scalars that are empty count as absent; an empty collection reads as empty wherever one is expected and is
    // worth an error where none is.
    private static bool IsEmpty(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Null or JsonValueKind.Undefined => true,
        JsonValueKind.String => value.ValueEquals(""u8),
        JsonValueKind.Array => value.GetArrayLength() == 0,
        JsonValueKind.Object => value.GetPropertyCount() == 0,
        _ => false,
    };

    // GetRawText fails on nothing that parsed, but keeps lone surrogates and the like escaped: safe to show.
    private static string RawText(JsonElement value) => value.GetRawText();

    private static string Show(string value) => $"\"{Shorten(value)}\"";

    private static string Shorten(string value)
    {
        var text = new StringBuilder(Math.Min(value.Length, ShownValueLength + 1));
        foreach (var rune in value.EnumerateRunes())
        {
            if (text.Length >= ShownValueLength) return text.Append('…').ToString();
            text.Append(Rune.IsControl(rune) ? "�" : rune.ToString());
        }
        return text.ToString();
    }

    [GeneratedRegex(@"^[a-z0-9]([-a-z0-9]*[a-z0-9])?\z")]
    private static partial Regex DnsLabel();

    [GeneratedRegex(@"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\z")]
    private static partial Regex DnsSubdomain();

    [GeneratedRegex(@"^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?\z")]
    private static partial Regex QualifiedNamePart();
}
