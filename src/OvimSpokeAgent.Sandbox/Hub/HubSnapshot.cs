using System.Text.Json.Nodes;
using KubernetesSandbox;

namespace OvimSpokeAgent.Sandbox.Hub;

/// <summary>
/// All that the hub's page shows, as one document. Everything in it is bounded, since agents write most of it: of more there is only the
/// number.
/// </summary>
internal sealed class HubSnapshot(HubState state, SandboxHubOptions options, Func<ReceivedReport, bool?> isAlive)
{
    public const int AgentsShown = 20;

    /// <summary>Of each agent, VMs as well as VDCs.</summary>
    public const int ObjectsShown = 100;

    public const int ErrorsShown = 20;

    /// <summary>Characters of one text; the names of Kubernetes have 253.</summary>
    public const int TextShown = 500;

    private const double NanosecondsPerMillisecond = 1e6;

    private static readonly string[] OfVm = ["name", "namespace", "status", "phase", "cpu", "memory", "storage", "ip_address", "node_name", "message"];
    private static readonly string[] OfVdc = ["name", "namespace", "status"];
    private static readonly string[] OfUsage = ["cpu_used", "cpu_capacity", "memory_used", "memory_capacity", "vm_count"];

    private readonly string _hub = Guid.NewGuid().ToString("N");

    public JsonObject Take()
    {
        var agents = state.Agents;
        var operations = state.Operations.Newest;
        var byId = operations.ToLookup(operation => operation.Id);
        return new JsonObject
        {
            ["hub"] = _hub,
            ["kind"] = options.Kind.ToString().ToLowerInvariant(),
            ["agent_count"] = agents.Count,
            ["agents"] = new JsonArray([.. agents.OrderBy(agent => agent.AgentId, StringComparer.Ordinal).Take(AgentsShown).Select(Agent)]),
            ["operation_count"] = state.Operations.Count,
            ["operations"] = new JsonArray([.. operations.Select(operation => Operation(operation, byId[operation.Id].Count() - 1))]),
        };
    }

    private JsonObject Agent(ReceivedReport agent)
    {
        var shown = AgentSummary.Of(agent, state, isAlive(agent));
        foreach (var field in (string[])["agent_id", "zone_id", "status", "version"]) shown[field] = Short(shown.Text(field));
        shown["seconds_ago"] = (long)state.AgeOf(agent).TotalSeconds;
        shown["vm_count"] = shown["vms"]?.DeepClone();
        shown["vms"] = Objects(agent, "vms", vm => Texts(vm, OfVm));
        shown["vdc_count"] = shown["vdcs"]?.DeepClone();
        shown["vdcs"] = Objects(agent, "vdcs", Vdc);
        shown["error_count"] = shown["errors"]?.DeepClone();
        shown["errors"] = new JsonArray([.. (agent.Json.Items("errors") ?? []).Take(ErrorsShown).Select(error => (JsonNode?)Short(error))]);
        return shown;
    }

    private static JsonArray Objects(ReceivedReport agent, string field, Func<JsonObject, JsonObject> shown) =>
        new([.. agent.Json.Objects(field).Take(ObjectsShown).Select(shown)]);

    private static JsonObject Vdc(JsonObject vdc)
    {
        var shown = Texts(vdc, OfVdc);
        foreach (var field in OfUsage) shown[field] = vdc.Number("resource_usage", field);
        return shown;
    }

    private static JsonObject Operation(LoggedOperation operation, int sharing) => new()
    {
        ["number"] = operation.Number,
        ["for"] = Short(operation.For),
        ["id"] = Short(operation.Id),
        ["type"] = Short(operation.Type),
        ["subject"] = Short(operation.Subject),
        ["queued_at"] = operation.QueuedAt.ToString("O"),
        ["stage"] = operation.Stage.ToString().ToLowerInvariant(),
        ["pushed"] = operation.WasPushed,
        ["results"] = operation.Results,
        ["sharing"] = operation.Id is null ? 0 : sharing,
        ["outcome"] = Short(operation.Result?.Json.Text("status")),
        ["message"] = Short(operation.Problem ?? MessageOf(operation.Result?.Json)),
        ["duration_ms"] = operation.Result?.Json.Number("duration") / NanosecondsPerMillisecond,
    };

    /// <summary>What a person wants to read of a result: why it failed, else what it says of itself.</summary>
    private static string? MessageOf(JsonObject? result)
    {
        if (result.Text("error") is { Length: > 0 } error) return error;
        try
        {
            JsonNode?[] said = [result.At("result", "status"), result.At("result", "message"), .. result.Items("result", "warnings") ?? []];
            var texts = said.Select(Short).Where(text => !string.IsNullOrEmpty(text)).ToList();
            return texts.Count == 0 ? null : string.Join("; ", texts);
        }
        catch (ArgumentException)
        {
            return "(its result has a key twice)"; // the hub takes whatever is in there
        }
    }

    private static JsonObject Texts(JsonObject item, string[] fields) =>
        new(fields.Select(field => KeyValuePair.Create(field, (JsonNode?)Short(item[field]))));

    private static string? Short(JsonNode? value) => Short(value.ShownText());

    private static string? Short(string? text)
    {
        if (text is null || text.Length <= TextShown) return text;
        var end = char.IsHighSurrogate(text[TextShown - 1]) ? TextShown - 1 : TextShown; // no half a character
        return $"{text[..end]}…";
    }
}
