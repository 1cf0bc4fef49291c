using System.Text.Json.Nodes;

namespace KubernetesSandbox.Cluster;

/// <summary>Who owns which fields of an object: its <c>metadata.managedFields</c>.</summary>
internal sealed class FieldManagers
{
    public const string ApplyOperation = "Apply";
    public const string UpdateOperation = "Update";

    private readonly List<Entry> _entries;

    private FieldManagers(List<Entry> entries) => _entries = entries;

    /// <summary>A manager's part.</summary>
    /// <param name="Manager">Its name.</param>
    /// <param name="Operation">Apply or Update.</param>
    /// <param name="ApiVersion">In which version it wrote.</param>
    /// <param name="Subresource">Through which subresource; empty: none.</param>
    /// <param name="Time">When its set changed last.</param>
    /// <param name="Fields">What it owns.</param>
    public sealed record Entry(
        string Manager, string Operation, string ApiVersion, string Subresource, string Time, FieldSet Fields)
    {
        /// <summary>An applier is the same in every version; an updater is not.</summary>
        public bool IsSame(Entry other) =>
            Manager == other.Manager && Operation == other.Operation && Subresource == other.Subresource
            && (Operation == ApplyOperation || ApiVersion == other.ApiVersion);

        public string Name => Operation == ApplyOperation ? $"\"{Manager}\"" : $"\"{Manager}\" using {ApiVersion}";
    }

    public IReadOnlyList<Entry> Entries => _entries;

    public static FieldManagers Of(JsonObject content) =>
        new([.. (content.Items("metadata", "managedFields") ?? []).OfType<JsonObject>().Where(entry => entry.Count > 0).Select(Parse)]);

    public Entry? Find(Entry like) => _entries.Find(like.IsSame);

    /// <summary>Sets what a manager owns; a manager that owns nothing is forgotten.</summary>
    public void Set(Entry entry)
    {
        var at = _entries.FindIndex(entry.IsSame);
        if (at < 0)
        {
            if (!entry.Fields.IsEmpty) _entries.Add(entry);
        }
        else if (entry.Fields.IsEmpty)
        {
            _entries.RemoveAt(at);
        }
        else if (!_entries[at].Fields.SetEquals(entry.Fields))
        {
            _entries[at] = entry;
        }
    }

    /// <summary>Takes fields from all managers but one.</summary>
    public void TakeFromOthers(Entry but, FieldSet fields)
    {
        foreach (var entry in _entries.Where(entry => !entry.IsSame(but)).ToList())
            Set(entry with { Fields = entry.Fields.Except(fields) });
    }

    public void WriteTo(JsonObject content)
    {
        if (_entries.Count == 0)
        {
            content.Metadata().Remove("managedFields");
            return;
        }
        var sorted = _entries
            .OrderBy(entry => entry.Operation, StringComparer.Ordinal)
            .ThenBy(entry => entry.Time, StringComparer.Ordinal)
            .ThenBy(entry => entry.Manager, StringComparer.Ordinal);
        content.Metadata()["managedFields"] = new JsonArray([.. sorted.Select(ToJson)]);
    }

    /// <summary>Notes that a manager made <paramref name="after"/> of <paramref name="before"/> by other means than apply.</summary>
    public static void NoteUpdate(JsonObject? before, JsonObject after, FieldSchema schema, Entry manager)
    {
        var managers = Of(after);
        var changes = ObjectFields.Compare(before ?? [], after, schema);
        var own = managers.Find(manager)?.Fields ?? new();
        managers.TakeFromOthers(manager, changes.Changed.Union(changes.Removed));
        managers.Set(manager with { Fields = own.Union(changes.Changed).Except(changes.Removed) });
        managers.WriteTo(after);
    }

    private static Entry Parse(JsonObject entry) => new(
        entry.Text("manager") ?? "",
        entry.Text("operation") ?? UpdateOperation,
        entry.Text("apiVersion") ?? "",
        entry.Text("subresource") ?? "",
        entry.Text("time") ?? "",
        FieldSet.FromJson(entry.Map("fieldsV1")));

    private static JsonObject ToJson(Entry entry)
    {
        var json = new JsonObject
        {
            ["manager"] = entry.Manager,
            ["operation"] = entry.Operation,
            ["apiVersion"] = entry.ApiVersion,
            ["time"] = entry.Time,
            ["fieldsType"] = "FieldsV1",
            ["fieldsV1"] = entry.Fields.ToJson(),
        };
        if (entry.Subresource.Length > 0) json["subresource"] = entry.Subresource;
        return json;
    }
}
