using System.Globalization;
using System.Text.Json;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Validation;

namespace OvimSpokeAgent.Operations;

/// <summary>
/// Reads a payload into typed values and collects everything that is wrong with it, each time with the field, the value
/// and what was expected; of a field that may hold secrets only what kind of value it is (<see cref="SecretFields"/>). Absent,
/// <c>null</c> and empty mean the same; unknown fields are ignored.
/// </summary>
internal sealed partial class PayloadReader
{
    // More than anyone reads: a list of a hundred thousand wrong entries must not become as many messages.
    private const int MaxErrors = 20;

    private readonly JsonElement _payload;
    private readonly string _prefix;
    private readonly List<string> _errors;
    private readonly HashSet<string> _rejectedFields;

    /// <param name="payload">The operation's payload; anything but an object is an error of its own.</param>
    public PayloadReader(JsonElement payload)
        : this(payload, "", [], [])
    {
        if (payload.ValueKind is not JsonValueKind.Object) Reject(SecretFields.Payload, payload, "an object");
    }

    private PayloadReader(JsonElement payload, string prefix, List<string> errors, HashSet<string> rejectedFields) =>
        (_payload, _prefix, _errors, _rejectedFields) = (payload, prefix, errors, rejectedFields);

    /// <summary>The payload as it is.</summary>
    public JsonElement Json => _payload;

    /// <summary>What was wrong so far; empty: all that was read is valid.</summary>
    public IReadOnlyList<string> Errors => _errors;

    /// <summary>A string that must be there; empty where it was rejected.</summary>
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
        if (JsonText.TryGetString(value, out var text)) return text;
        Reject(name, value, "a string");
        return null;
    }

    /// <summary>The name and namespace of an object that is there: any that Kubernetes takes.</summary>
    public NamespacedName RequiredNamespacedName() =>
        RequiredNamespacedName(KubernetesNames.IsDnsSubdomain, KubernetesNames.DnsSubdomainRule);

    /// <summary>The name and namespace of an object to be made: the name fits into a label value.</summary>
    public NamespacedName RequiredNewNamespacedName() =>
        RequiredNamespacedName(KubernetesNames.IsShortDnsSubdomain, KubernetesNames.ShortDnsSubdomainRule);

    /// <summary>A DNS label (RFC 1123), or null when absent.</summary>
    public string? OptionalDnsLabel(string field) =>
        OptionalString(field) is { } value
            ? Checked(field, value, KubernetesNames.IsDnsLabel, KubernetesNames.DnsLabelRule)
            : null;

    /// <summary>A positive quantity: a quantity string, or a bare number of <paramref name="unit"/>.</summary>
    /// <param name="unit">What a bare number counts: empty for cores, <c>m</c> for millicores, <c>Gi</c> or <c>Mi</c> for bytes.</param>
    /// <param name="names">The field and its other names.</param>
    public Quantity? OptionalQuantity(string unit, params ReadOnlySpan<string> names)
    {
        if (!TryFind(names, out var name, out var value)) return null;
        if (value.ValueKind is JsonValueKind.Number && value.TryGetDecimal(out var number)
            && number is > 0 and <= Quantity.Max)
        {
            return unit switch
            {
                "m" => Quantity.OfCores(number / 1000),
                "Mi" => Quantity.OfBytes(number * (1 << 20)),
                _ => Quantity.OfUnit(number, unit),
            };
        }
        if (JsonText.TryGetString(value, out var text) && Quantity.TryParse(text, out var quantity) && quantity.Value > 0)
            return quantity;
        Reject(name, value, unit switch
        {
            "" => "a positive number of cores, or one as a quantity string such as \"2\"",
            "m" => "a positive number of millicores, or cores as a quantity string such as \"2\"",
            _ => $"a positive number of {unit}B or a quantity string such as \"4{unit}\"",
        });
        return null;
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
            if (JsonText.TryGetString(item, out var text)) items.Add(text);
            else Reject($"{name}[{index}]", item, "a string");
        }
        return items;
    }

    /// <summary>An array of whole numbers in a range; empty when absent.</summary>
    public IReadOnlyList<int> IntList(string field, int min, int max)
    {
        if (!TryFind([field], out var name, out var value)) return [];
        if (value.ValueKind is not JsonValueKind.Array)
        {
            Reject(name, value, "an array of whole numbers");
            return [];
        }
        var items = new List<int>();
        foreach (var (index, item) in value.EnumerateArray().Index())
        {
            if (item.ValueKind is JsonValueKind.Number && item.TryGetInt32(out var number) && number >= min && number <= max)
                items.Add(number);
            else
                Reject($"{name}[{index}]", item, string.Create(CultureInfo.InvariantCulture, $"a whole number from {min} to {max}"));
        }
        return items;
    }

    /// <summary>
    /// A reader of an object inside the payload; of an empty one when it is absent. What is wrong in it is in this
    /// reader's errors, under the names <c>field.name</c>.
    /// </summary>
    /// <param name="field">The object.</param>
    /// <param name="read">What is read in its place, where it has another form too.</param>
    public PayloadReader Section(string field, Func<JsonElement, JsonElement>? read = null)
    {
        var section = OptionalObject(field);
        return new(read is null ? section : read(section), $"{_prefix}{field}.", _errors, _rejectedFields);
    }

    /// <summary>Whether the first of these names that has a value has the number 0, or a quantity of nothing.</summary>
    public bool IsZero(params ReadOnlySpan<string> names) => TryFind(names, out _, out var value)
        && (value.ValueKind is JsonValueKind.Number
            ? value.TryGetDecimal(out var number) && number == 0
            : JsonText.TryGetString(value, out var text) && Quantity.TryParse(text, out var quantity) && quantity.Value == 0);

    /// <summary>Rejects every field that is none of these, by its name: for objects in which ignoring one does harm.</summary>
    public void RejectOthersThan(params ReadOnlySpan<string> names)
    {
        foreach (var property in _payload.EnumerateObject())
        {
            var name = JsonText.NameOf(property);
            if (!names.Contains(name)) Add($"{JsonText.Shorten(name)}: is not known, expected one of {string.Join(", ", names.ToArray())}");
            if (IsFull) return;
        }
    }

    /// <summary>An object; an empty one when absent.</summary>
    public JsonElement OptionalObject(string field)
    {
        if (!TryFind([field], out var name, out var value)) return JsonText.EmptyObject;
        if (value.ValueKind is JsonValueKind.Object) return value;
        Reject(name, value, "an object");
        return JsonText.EmptyObject;
    }

    /// <summary>An array that must be there, also where it is empty: what is absent must not be taken for nothing.</summary>
    public JsonElement? RequiredArray(string field)
    {
        if (_payload.ValueKind is JsonValueKind.Object && JsonText.TryGetProperty(_payload, field, out var value)
            && value.ValueKind is not JsonValueKind.Null)
        {
            if (value.ValueKind is JsonValueKind.Array) return value;
            RejectBecause(field, $"{JsonText.Describe(value)} is not an array"); // what it is may hold anything
        }
        else
        {
            RejectMissing(field, "an array; an empty one, [], for none");
        }
        return null;
    }

    /// <summary>Labels, checked by Kubernetes' rules; the agent's and KubeVirt's own prefixes are refused.</summary>
    public IReadOnlyDictionary<string, string> Labels(string field = "labels") => WithoutNulls(LabelChanges(field));

    /// <summary>Annotations; the agent's and KubeVirt's own prefixes are refused.</summary>
    public IReadOnlyDictionary<string, string> Annotations(string field = "annotations") =>
        WithoutNulls(AnnotationChanges(field));

    /// <summary>As <see cref="Labels"/>, with <c>null</c> for those that are to be removed.</summary>
    public IReadOnlyDictionary<string, string?> LabelChanges(string field = "labels") =>
        StringMap(field, value => KubernetesNames.IsLabelValue(value) ? null : KubernetesNames.LabelValueRule);

    /// <summary>As <see cref="Annotations"/>, with <c>null</c> for those that are to be removed.</summary>
    public IReadOnlyDictionary<string, string?> AnnotationChanges(string field = "annotations") => StringMap(field, _ => null);

    /// <summary>Adds an error found by the caller.</summary>
    public void Reject(string field, string value, string expected) => AddError(
        field,
        SecretFields.Contains(field) ? $"a string of {value.Length} characters (not shown)" : JsonText.Show(value),
        expected);

    /// <summary>Adds an error found by the caller.</summary>
    public void Reject(string field, JsonElement value, string expected) => AddError(
        field, SecretFields.Contains(field) ? JsonText.Describe(value) : JsonText.Show(value), expected);

    /// <summary>Adds the error of a field that must be there and is not.</summary>
    public void RejectMissing(string field, string expected)
    {
        if (!IsFull) Add(field, $"missing, expected {expected}");
    }

    /// <summary>Adds an error that has no value to show.</summary>
    public void RejectBecause(string field, string problem)
    {
        if (!IsFull) Add(field, problem);
    }

    private void AddError(string field, string shown, string expected)
    {
        if (!IsFull) Add(field, $"{shown} is not {expected}");
    }

    private bool IsFull => _errors.Count > MaxErrors;

    private void Add(string field, string problem)
    {
        _rejectedFields.Add(_prefix + field);
        Add($"{field}: {problem}");
    }

    private void Add(string error) => _errors.Add(_errors.Count < MaxErrors ? _prefix + error : "and more that is not told");

    private NamespacedName RequiredNamespacedName(Func<string, bool> accepts, string rule) => new(
        Checked("namespace", RequiredString("namespace"), KubernetesNames.IsDnsLabel, KubernetesNames.DnsLabelRule),
        Checked("name", RequiredString("name"), accepts, rule));

    private string Checked(string field, string value, Func<string, bool> accepts, string rule)
    {
        if (value.Length > 0 && !accepts(value)) Reject(field, value, rule);
        return value;
    }

    private static Dictionary<string, string> WithoutNulls(IReadOnlyDictionary<string, string?> map) =>
        map.Where(entry => entry.Value is not null).ToDictionary(entry => entry.Key, entry => entry.Value!);

    private Dictionary<string, string?> StringMap(string field, Func<string, string?> whatIsWrong)
    {
        var map = new Dictionary<string, string?>();
        foreach (var property in OptionalObject(field).EnumerateObject())
        {
            var key = JsonText.NameOf(property);
            var at = $"{field}[{JsonText.Show(key)}]";
            if (!KubernetesNames.IsQualifiedName(key))
                AddError(at, JsonText.Show(key), KubernetesNames.QualifiedNameRule);
            else if (WellKnownNames.IsReserved(key))
                AddError(at, JsonText.Show(key), $"allowed here: {WellKnownNames.ReservedRule}");
            else if (property.Value.ValueKind is JsonValueKind.Null)
                map[key] = null;
            else if (!JsonText.TryGetString(property.Value, out var value))
                Reject(at, property.Value, "a string");
            else if (whatIsWrong(value) is { } expected)
                Reject(at, value, expected);
            else
                map[key] = value;
        }
        return map;
    }

    private bool TryFind(ReadOnlySpan<string> names, out string name, out JsonElement value)
    {
        name = names[0];
        value = default;
        if (_payload.ValueKind is not JsonValueKind.Object) return false;
        foreach (var candidate in names)
        {
            if (!JsonText.TryGetProperty(_payload, candidate, out value) || JsonText.IsEmpty(value)) continue;
            name = candidate;
            return true;
        }
        return false;
    }

    /// <summary>Whether one of these fields was found wrong already.</summary>
    public bool IsRejected(params ReadOnlySpan<string> names)
    {
        foreach (var name in names)
        {
            if (_rejectedFields.Contains(_prefix + name)) return true;
        }
        return _payload.ValueKind is not JsonValueKind.Object;
    }
}
