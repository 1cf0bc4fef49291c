using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using KubernetesSandbox;

namespace OvimSpokeAgent.Sandbox.Hub;

/// <summary>
/// What the hubs can parse of an agent's bodies, by the contract; they refuse a body as a whole for one field. <c>null</c> is
/// taken everywhere, unknown fields are passed over.
/// </summary>
internal static partial class WireFormat
{
    /// <summary>Says what is wrong with a value, by its path; null: nothing.</summary>
    private delegate string? Check(JsonNode? value, string path);

    private static readonly Check TextMap = Values(Text);

    private static readonly Check Resources = Fields(
        ("cpu_used", Number), ("cpu_capacity", Number), ("cpu_percent", Number),
        ("memory_used", Number), ("memory_capacity", Number), ("memory_percent", Number),
        ("storage_used", Number), ("storage_capacity", Number), ("storage_percent", Number),
        ("node_count", Number), ("pod_count", Number), ("vm_count", Number));

    private static readonly Check Condition = Fields(
        ("type", Text), ("status", Text), ("last_transition_time", Time), ("reason", Text), ("message", Text));

    private static readonly Check Node = Fields(
        ("name", Text), ("status", Text), ("cpu", Resources), ("memory", Resources), ("storage", Resources),
        ("labels", TextMap), ("conditions", List(Condition)));

    private static readonly Check Metrics = Fields(
        ("cluster_id", Text), ("zone_id", Text), ("resources", Resources), ("node_status", List(Node)), ("last_collected", Time));

    private static readonly Check Vm = Fields(
        ("name", Text), ("namespace", Text), ("status", Text), ("phase", Text), ("node_name", Text), ("ip_address", Text),
        ("cpu", Text), ("memory", Text), ("storage", Text), ("labels", TextMap), ("created_at", Time), ("updated_at", Time));

    private static readonly Check Vdc = Fields(
        ("name", Text), ("namespace", Text), ("status", Text), ("resource_usage", Resources), ("labels", TextMap),
        ("created_at", Time), ("updated_at", Time));

    private static readonly Check Report = Fields(
        ("agent_id", Text), ("cluster_id", Text), ("zone_id", Text), ("status", Text), ("version", Text),
        ("metrics", Metrics), ("vdcs", List(Vdc)), ("vms", List(Vm)), ("last_hub_contact", Time), ("report_time", Time),
        ("errors", List(Text)), ("callback_url", Text));

    private static readonly Check Result = Fields(
        ("operation_id", Text), ("status", Text), ("result", Fields()), ("error", Text), ("timestamp", Time), ("duration", Integer));

    private static readonly string[] NeededInReport = ["agent_id", "cluster_id", "zone_id"];

    /// <summary>What is wrong with a status report; null: nothing.</summary>
    public static string? ProblemOfReport(JsonObject report) =>
        Report(report, "")
        ?? NeededInReport.Where(field => report.Text(field) is not { Length: > 0 }).Select(field => $"{field} is required").FirstOrDefault();

    /// <summary>What is wrong with an operation's result; null: nothing.</summary>
    public static string? ProblemOfResult(JsonObject result) => Result(result, "");

    private static Check Fields(params (string Name, Check Check)[] fields) => (value, path) => value switch
    {
        null => null,
        JsonObject map => fields.Select(field => field.Check(map[field.Name], $"{path}.{field.Name}")).FirstOrDefault(IsProblem),
        _ => Not(value, path, "an object"),
    };

    private static Check Values(Check each) => (value, path) => value switch
    {
        null => null,
        JsonObject map => map.Select(pair => each(pair.Value, $"{path}.{pair.Key}")).FirstOrDefault(IsProblem),
        _ => Not(value, path, "an object"),
    };

    private static Check List(Check each) => (value, path) => value switch
    {
        null => null,
        JsonArray list => list.Select((item, i) => each(item, $"{path}[{i}]")).FirstOrDefault(IsProblem),
        _ => Not(value, path, "an array"),
    };

    private static string? Text(JsonNode? value, string path) =>
        value is null || value.GetValueKind() is JsonValueKind.String ? null : Not(value, path, "a string");

    private static string? Number(JsonNode? value, string path) =>
        value is null || value.GetValueKind() is JsonValueKind.Number ? null : Not(value, path, "a number");

    private static string? Integer(JsonNode? value, string path) =>
        value is null || (value.GetValueKind() is JsonValueKind.Number && IntegerRegex().IsMatch(value.ToJsonString()))
            ? null
            : Not(value, path, "an integer");

    private static string? Time(JsonNode? value, string path) =>
        value is null || (value.Text() is { } text && IsTime(text)) ? null : Not(value, path, "a time in RFC 3339");

    private static bool IsTime(string text) =>
        TimeRegex().Match(text) is { Success: true } match
        && DateTimeOffset.TryParse(
            match.Groups["seconds"].Value + match.Groups["zone"].Value, CultureInfo.InvariantCulture, DateTimeStyles.None, out _);

    private static string Not(JsonNode value, string path, string expected) => $"{path.TrimStart('.')}: {value.ToText()} is not {expected}";

    private static bool IsProblem(string? problem) => problem is not null;

    [GeneratedRegex(@"^-?\d+$")]
    private static partial Regex IntegerRegex();

    [GeneratedRegex(@"^(?<seconds>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d+)?(?<zone>Z|[+-]\d\d:\d\d)$")]
    private static partial Regex TimeRegex();
}
