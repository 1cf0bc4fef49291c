using System.Globalization;
using System.Text.Json.Nodes;

namespace KubernetesSandbox.Cluster;

/// <summary>Objects as a <c>Table</c> (meta.k8s.io/v1): what <c>kubectl get</c> asks for.</summary>
internal static class TableView
{
    private static readonly PrinterColumn NameColumn = new("Name", "string", ".metadata.name");

    /// <summary>Shown last, unless a definition names its columns itself.</summary>
    public static readonly PrinterColumn AgeColumn = new("Age", "date", ".metadata.creationTimestamp");

    /// <param name="meta">The list's; null for a single object.</param>
    public static JsonObject Of(ApiCall call, IEnumerable<StoredObject> objects, JsonObject? meta)
    {
        var included = call.Query("includeObject");
        return new JsonObject
        {
            ["kind"] = "Table",
            ["apiVersion"] = "meta.k8s.io/v1",
            ["metadata"] = meta ?? new JsonObject(),
            ["columnDefinitions"] = new JsonArray([.. Columns(call.Kind).Select(Definition)]),
            ["rows"] = new JsonArray([.. objects.Select(one => Row(call, one, included))]),
        };
    }

    private static IEnumerable<PrinterColumn> Columns(ResourceKind kind) =>
        kind.Columns.Length > 0 && (kind.IsCustom || kind.Columns.Any(column => column.JsonPath == AgeColumn.JsonPath))
            ? [NameColumn, .. kind.Columns]
            : [NameColumn, .. kind.Columns, AgeColumn];

    private static JsonNode Definition(PrinterColumn column) => new JsonObject
    {
        ["name"] = column.Name,
        // kubectl shows ages as they come: the server turns times into them.
        ["type"] = column.Type == "date" ? "string" : column.Type,
        ["format"] = column.Name == "Name" ? "name" : "",
        ["description"] = column.JsonPath,
        ["priority"] = 0,
    };

    private static JsonObject Row(ApiCall call, StoredObject one, string included)
    {
        var now = call.Time.GetUtcNow();
        var row = new JsonObject
        {
            ["cells"] = new JsonArray([.. Columns(call.Kind).Select(column => Cell(column, one.Content, now))]),
        };
        if (included == "None") return row;
        row["object"] = included == "Object"
            ? one.Content.DeepClone()
            : MetadataView.Of(one);
        return row;
    }

    private static JsonNode? Cell(PrinterColumn column, JsonObject content, DateTimeOffset now)
    {
        var value = SimpleJsonPath.Evaluate(content, column.JsonPath);
        if (column.Type == "date") return value.Text() is { } text ? Age(text, now) : "<unknown>";
        return value switch
        {
            null => null,
            JsonValue => value.DeepClone(),
            _ => value.ToText(),
        };
    }

    private static string Age(string time, DateTimeOffset now)
    {
        if (!DateTimeOffset.TryParse(time, CultureInfo.InvariantCulture, out var since)) return "<unknown>";
        var age = now - since;
        return age switch
        {
            { TotalSeconds: < 120 } => $"{(int)Math.Max(0, age.TotalSeconds)}s",
            { TotalMinutes: < 180 } => $"{(int)age.TotalMinutes}m",
            { TotalHours: < 48 } => $"{(int)age.TotalHours}h",
            _ => $"{(int)age.TotalDays}d",
        };
    }
}
