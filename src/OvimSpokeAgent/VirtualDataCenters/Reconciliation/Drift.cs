using System.Text.Json;
using System.Text.Json.Nodes;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Validation;

namespace OvimSpokeAgent.VirtualDataCenters;

/// <summary>A field that is not as declared.</summary>
/// <param name="Path">Its names from the object down, e.g. <c>spec</c>, <c>hard</c>, <c>requests.cpu</c>; lists are one field.</param>
/// <param name="Found">Its value; null: it is missing.</param>
/// <param name="Wanted">The declared value; null: none is declared.</param>
internal sealed record FieldDrift(IReadOnlyList<string> Path, string? Found, string? Wanted)
{
    private const int ShownLength = 80;

    /// <summary>As Kubernetes writes it, e.g. <c>spec.hard[requests.cpu]</c>.</summary>
    public string PathText => string.Concat(Path.Select((name, index) =>
        name.AsSpan().ContainsAny('.', '/') ? $"[{name}]" : index == 0 ? name : "." + name));

    public override string ToString() => Found is null
        ? $"{PathText} is missing"
        : $"{PathText} is {Show(Found)}, declared is {(Wanted is null ? "none" : Show(Wanted))}";

    private static string Show(string value) => JsonText.Shorten(value, ShownLength);
}

/// <summary>How an object differs from what is declared. Pure.</summary>
/// <param name="IsLooser">It is missing where it limits or isolates, or lets in more than is declared.</param>
/// <param name="Fields">Each field that differs; none where the object is missing, or where all that counts is as declared.</param>
internal sealed record Drift(bool IsLooser, IReadOnlyList<FieldDrift> Fields)
{
    private const int MaxShown = 3;

    /// <summary>Compares by fingerprints (<see cref="OwnedFingerprint"/>).</summary>
    /// <param name="wanted">The object as declared.</param>
    /// <param name="found">What is there; null: nothing is.</param>
    public static Drift Between(OwnedManifest wanted, string? found)
    {
        // Who is not let in is no danger.
        if (found is null) return new(wanted.Kind != KubernetesKinds.RoleBinding, []);
        var fields = new List<FieldDrift>();
        var (wantedContent, foundContent) = (JsonElement.Parse(wanted.Fingerprint), JsonElement.Parse(found));
        Compare([], wantedContent, foundContent, fields);
        return new(Loosening.IsLooser(wanted.Kind, wantedContent, foundContent), fields);
    }

    /// <summary>The fields for a message, the first few of them.</summary>
    public string Describe()
    {
        var more = Fields.Count > MaxShown ? $" and {Fields.Count - MaxShown} more" : "";
        return string.Join("; ", Fields.Take(MaxShown)) + more;
    }

    /// <summary>A merge patch that makes each field as declared, and takes off those that are not declared.</summary>
    /// <param name="wanted">The object as declared.</param>
    public JsonObject ToPatch(JsonObject wanted)
    {
        var patch = new JsonObject();
        foreach (var field in Fields)
        {
            JsonNode? value = wanted;
            var parent = patch;
            foreach (var name in field.Path.SkipLast(1))
            {
                if (parent[name] is not JsonObject inner) parent[name] = inner = [];
                (parent, value) = (inner, value?[name]);
            }
            parent[field.Path[^1]] = value?[field.Path[^1]]?.DeepClone();
        }
        return patch;
    }

    private static void Compare(IReadOnlyList<string> path, JsonElement wanted, JsonElement found, List<FieldDrift> fields)
    {
        if (wanted.ValueKind is not JsonValueKind.Object || found.ValueKind is not JsonValueKind.Object)
        {
            if (!JsonElement.DeepEquals(wanted, found)) fields.Add(new(path, Text(found), Text(wanted)));
            return;
        }
        foreach (var member in wanted.EnumerateObject())
        {
            IReadOnlyList<string> inner = [.. path, member.Name];
            if (found.TryGetProperty(member.Name, out var there)) Compare(inner, member.Value, there, fields);
            else fields.Add(new(inner, null, Text(member.Value)));
        }
        foreach (var member in found.EnumerateObject())
        {
            if (!wanted.TryGetProperty(member.Name, out _)) fields.Add(new([.. path, member.Name], Text(member.Value), null));
        }
    }

    private static string Text(JsonElement value) =>
        value.ValueKind is JsonValueKind.String ? value.GetString()! : value.GetRawText();
}
